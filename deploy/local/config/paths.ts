import { join, resolve } from "node:path";

/** The checkout this launcher belongs to. */
export const repoRoot = resolve(import.meta.dir, "../../..");

/**
 * Where one stack (one port offset) keeps its files. Everything is in `dataDir`, except PostgreSQL's data when its user
 * cannot enter the checkout: then `pg` is a symbolic link (stores/postgres-cluster.ts).
 */
export type StackPaths = {
  offset: number;
  dataDir: string;
  pg: string;
  mongo: string;
  redis: string;
  envoy: string;
  logs: string;
  log: (process: string) => string;
  run: string;
  pidFile: (process: string) => string;
  secrets: string;
  stackFile: string;
};

export function stackPaths(offset: number, checkout = repoRoot): StackPaths {
  const dataDir = join(checkout, ".data", String(offset));
  const run = join(dataDir, "run");
  const logs = join(dataDir, "log");
  return {
    offset,
    dataDir,
    pg: join(dataDir, "pg"),
    mongo: join(dataDir, "mongo"),
    redis: join(dataDir, "redis"),
    envoy: join(dataDir, "envoy"),
    logs,
    log: (process) => join(logs, `${process}.log`),
    run,
    pidFile: (process) => join(run, `${process}.pid`),
    secrets: join(dataDir, "secrets.json"),
    stackFile: join(run, "stack.json"),
  };
}
