import { join } from "node:path";
import type { ServiceName } from "../../../services/_contracts/services";
import { type EnvSource, migrationEnv } from "../config/env";
import type { StackPaths } from "../config/paths";

import { lastLines } from "../process/log-tail";
import { spawn } from "../process/spawn";
import { UserError } from "../user-error";

/** Brings one service's store up to date by its own `migrate.ts`. Throws `Failure` with the end of the log. */
export async function migrate(
  source: EnvSource,
  service: ServiceName,
  options: { layout: StackPaths; sourceDir: string; seed: boolean },
): Promise<void> {
  const name = `migrate-${service}`;
  const script = join(options.sourceDir, "services", service, "migrate.ts");
  const child = spawn(
    {
      name,
      command: [process.execPath, script, ...(options.seed ? ["--seed"] : [])],
      env: migrationEnv(source, service),
      cwd: options.sourceDir,
      stopSignal: "SIGTERM",
    },
    options.layout,
  );
  await child.exited;
  if (child.exitCode === 0) return;
  const log = options.layout.log(name);
  throw new UserError(`the migration of ${service} failed. The end of ${log}:\n${await lastLines(log)}`);
}
