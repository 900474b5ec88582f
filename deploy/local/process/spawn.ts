import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Subprocess } from "bun";
import type { StackPaths } from "../config/paths";

/** One process of the stack: what to run and how it is asked to end. */
export type Spec = {
  name: string;
  command: string[];
  env: Record<string, string>;
  cwd: string;
  /** The signal on which it ends in an orderly way. */
  stopSignal: "SIGTERM" | "SIGINT";
  /** Runs as another user (only PostgreSQL, which refuses to be root). Arguments for `setpriv`. */
  setpriv?: string[];
};

/** Put into the environment of all our processes: after a crash it tells ours from anybody else's. */
export const MARKER = "SHOP_DATA_DIR";
const LOG_KEPT_BYTES = 20_000_000;

/**
 * Starts a process with its output appended to its log and its pid in `run/`.
 * It gets its own session: a Ctrl-C in the terminal goes to the launcher alone, which then ends everything in order.
 */
export function spawn(spec: Spec, layout: StackPaths): Subprocess {
  const log = openLog(layout.log(spec.name));
  const child = Bun.spawn(dyingWithUs(spec.command, spec.stopSignal, spec.setpriv), {
    cwd: spec.cwd,
    env: { ...spec.env, [MARKER]: layout.dataDir },
    stdin: "ignore",
    stdout: log,
    stderr: log,
    detached: true,
  });
  closeSync(log);
  const pidFile = layout.pidFile(spec.name);
  mkdirSync(dirname(pidFile), { recursive: true });
  writeFileSync(pidFile, String(child.pid));
  child.exited.then(() => {
    // A successor may have its pid there already.
    if (pidIn(pidFile) === child.pid) rmSync(pidFile, { force: true });
  });
  return child;
}

/**
 * The command, wrapped so that the kernel ends it when the launcher dies, even by kill -9. Where `setpriv` is missing
 * the command runs as it is, and the next start (or `bun run down`) finds what was left behind.
 */
export function dyingWithUs(command: string[], signal: string, more: string[] = []): string[] {
  const options = [...(canDieWithUs() ? ["--pdeathsig", signal.replace("SIG", "")] : []), ...more];
  return options.length === 0 ? command : ["setpriv", ...options, "--", ...command];
}

let pdeathsig: boolean | undefined;
function canDieWithUs(): boolean {
  pdeathsig ??= Boolean(Bun.which("setpriv")) && Bun.spawnSync(["setpriv", "--pdeathsig", "TERM", "true"]).success;
  return pdeathsig;
}

/** What a child needs from our environment, and nothing else: no secret of one process reaches another. */
export function baseEnv(): Record<string, string> {
  const kept = ["PATH", "HOME", "USER", "TZ", "LANG", "LC_ALL", "TMPDIR", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** The pid in a pid file, or undefined. */
export function pidIn(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_KEPT_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o640);
}
