import { join } from "node:path";
import type { ServiceName } from "../../../services/_contracts/services";
import { type EnvSource, migrationEnv } from "../config/env";
import type { StackPaths } from "../config/paths";
import { startRun } from "../process/run";
import { UserError } from "../user-error";

/** Runs a service's `migrate.ts`. @throws UserError with the end of its log when it fails */
export async function migrate(
  source: EnvSource,
  service: ServiceName,
  options: { paths: StackPaths; sourceDir: string; seed: boolean },
): Promise<void> {
  const name = `migrate-${service}`;
  const script = join(options.sourceDir, "services", service, "migrate.ts");
  const { child, logTail } = startRun(
    {
      name,
      command: [process.execPath, script, ...(options.seed ? ["--seed"] : [])],
      env: migrationEnv(source, service),
      cwd: options.sourceDir,
      stopSignal: "SIGTERM",
    },
    options.paths,
  );
  await child.exited;
  if (child.exitCode === 0) return;
  throw new UserError(`the migration of ${service} failed. ${await logTail()}`);
}
