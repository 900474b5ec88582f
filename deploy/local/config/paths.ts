import { join, resolve } from "node:path";

/** The checkout this launcher belongs to. */
export const repoRoot = resolve(import.meta.dir, "../../..");

/** Where one stack (one port offset) keeps everything it writes. Nothing of a stack lies outside `dataDir`. */
export type StackPaths = {
  dataDir: string;
  pg: string;
  mongo: string;
  redis: string;
  envoy: string;
  log: (process: string) => string;
  pidFile: (process: string) => string;
  run: string;
  secrets: string;
  stackFile: string;
};

export function stackPaths(offset: number): StackPaths {
  const dataDir = join(repoRoot, ".data", String(offset));
  const run = join(dataDir, "run");
  return {
    dataDir,
    pg: join(dataDir, "pg"),
    mongo: join(dataDir, "mongo"),
    redis: join(dataDir, "redis"),
    envoy: join(dataDir, "envoy"),
    log: (process) => join(dataDir, "log", `${process}.log`),
    pidFile: (process) => join(run, `${process}.pid`),
    run,
    secrets: join(dataDir, "secrets.json"),
    stackFile: join(run, "stack.json"),
  };
}
