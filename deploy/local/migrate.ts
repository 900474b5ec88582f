import { join } from "node:path";
import { type EnvSource, migrationEnv } from "./env";
import { Failure } from "./failure";
import type { Layout } from "./layout";
import { lastLines } from "./log-tail";
import type { Service } from "./ports";
import { spawn } from "./spawn";

/** Brings one service's store up to date by its own `migrate.ts`. Throws `Failure` with the end of the log. */
export async function migrate(
  source: EnvSource,
  service: Service,
  options: { layout: Layout; sourceDir: string; seed: boolean },
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
  throw new Failure(`the migration of ${service} failed. The end of ${log}:\n${await lastLines(log)}`);
}
