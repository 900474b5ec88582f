import type { ServiceName } from "../../../services/_contracts/services";

import type { Unit } from "../process/supervise";
import { UserError } from "../user-error";
import { watchSources } from "./watch";

/**
 * Restarts services whose files change. One round at a time: changes that come during a round make up the next one.
 * When a migration changed, the stores are brought up to date first. Gives the function that ends it.
 */
export function restartOnChange(
  sourceDir: string,
  unitsOf: (service: ServiceName) => Unit[],
  migrateAll: (services: ServiceName[]) => Promise<unknown>,
  say: (line: string) => void,
): () => void {
  let round: Promise<void> = Promise.resolve();
  let waiting = new Map<ServiceName, boolean>();

  async function run(): Promise<void> {
    const affected = waiting;
    waiting = new Map();
    if (affected.size === 0) return;
    const names = [...affected.keys()];
    say(`files changed: restarting ${names.join(", ")}`);
    const migrating = names.filter((service) => affected.get(service));
    await migrateAll(migrating).catch((error) => say(error instanceof UserError ? error.message : String(error)));
    await Promise.all(names.flatMap(unitsOf).map((unit) => unit.restart()));
    const up = names.filter((service) => unitsOf(service).every((unit) => unit.pid() !== undefined));
    if (up.length > 0) say(`restarted ${up.join(", ")}`);
  }

  return watchSources(sourceDir, (affected, files) => {
    const migration = files.some((file) => /migrat|schema/.test(file));
    for (const service of affected) waiting.set(service, migration || (waiting.get(service) ?? false));
    round = round.then(run);
  });
}
