import { errorMessage } from "../errors/app-error";
import type { Log } from "../telemetry/log";

/** The schema of a service's store. Each migration raises its version by one. */
export type Schema = {
  /** The version that this code was written for. */
  wanted: number;
  /** The version of the store; 0 if it was never migrated. @throws when the store cannot be read */
  readVersion(): Promise<number>;
};

/**
 * Waits until the store has the schema that this code was written for, for as long as it takes: the migration may run after the
 * service has started, and the store may be unreachable. A newer schema is accepted, so that a release can be rolled back.
 * What it waits for is logged when it changes, and every `remindEveryMs` (30,000 by default).
 */
export async function untilMigrated(
  schema: Schema,
  log: Log,
  o: { pauseMs?: number; remindEveryMs?: number } = {},
): Promise<void> {
  let logged = { text: "", at: 0 };
  for (;;) {
    const obstacle = await findObstacle(schema);
    if (!obstacle) break;
    const text = JSON.stringify(obstacle);
    if (text !== logged.text || Date.now() >= logged.at + (o.remindEveryMs ?? 30_000)) {
      log.warn(obstacle, "waiting for the migration of the store");
      logged = { text, at: Date.now() };
    }
    await Bun.sleep(o.pauseMs ?? 1_000);
  }
  if (logged.text) log.info("the store is migrated");
}

/** @returns undefined if the store has the schema */
async function findObstacle({ wanted, readVersion }: Schema) {
  try {
    const found = await readVersion();
    return found < wanted ? { wanted, found } : undefined;
  } catch (error) {
    return { error: errorMessage(error) };
  }
}
