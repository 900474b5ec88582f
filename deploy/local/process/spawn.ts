import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Subprocess } from "bun";
import type { StackPaths } from "../config/paths";
import { logSize } from "./log-tail";

/** How to run one process of the stack. */
export type ProcessSpec = {
  name: string;
  command: string[];
  env: Record<string, string>;
  cwd: string;
  /** The signal on which it ends in an orderly way. */
  stopSignal: "SIGTERM" | "SIGINT";
  /** Arguments for `setpriv`, to run as another user. Only PostgreSQL needs this: it refuses to run as root. */
  setpriv?: string[];
};

/** An environment variable of all processes of a stack. It identifies them after a crash of the launcher. */
export const DATA_DIR_VARIABLE = "SHOP_DATA_DIR";
const LOG_BYTES_MAX = 20_000_000;

/**
 * Starts a process, appends its output to its log and writes its pid to `run/`. The process has its own session:
 * Ctrl-C in the terminal reaches only the launcher, which then ends all processes in order.
 */
export function spawn(spec: ProcessSpec, paths: StackPaths): Subprocess {
  const log = openLog(paths.log(spec.name));
  const child = Bun.spawn(withParentDeathSignal(spec.command, spec.stopSignal, spec.setpriv), {
    cwd: spec.cwd,
    env: { ...spec.env, [DATA_DIR_VARIABLE]: paths.dataDir },
    stdin: "ignore",
    stdout: log,
    stderr: log,
    detached: true,
  });
  closeSync(log);
  const pidFile = paths.pidFile(spec.name);
  mkdirSync(dirname(pidFile), { recursive: true });
  writeFileSync(pidFile, String(child.pid));
  child.exited.then(() => {
    // The next process of this name may have written its pid already.
    if (pidIn(pidFile) === child.pid) rmSync(pidFile, { force: true });
  });
  return child;
}

/**
 * Wraps a command so that the kernel sends it `signal` when the launcher dies, even by kill -9. Without `setpriv` the
 * command runs unwrapped; then the next start, or `bun run down`, finds the processes left behind.
 */
export function withParentDeathSignal(command: string[], signal: string, setpriv: string[] = []): string[] {
  const options = [...(hasParentDeathSignal() ? ["--pdeathsig", signal.replace("SIG", "")] : []), ...setpriv];
  return options.length === 0 ? command : ["setpriv", ...options, "--", ...command];
}

let parentDeathSignal: boolean | undefined;
function hasParentDeathSignal(): boolean {
  parentDeathSignal ??=
    Boolean(Bun.which("setpriv")) && Bun.spawnSync(["setpriv", "--pdeathsig", "TERM", "true"]).success;
  return parentDeathSignal;
}

/** The variables of our environment that every process may have. Secrets are not among them. */
export function baseEnv(): Record<string, string> {
  const names = ["PATH", "HOME", "USER", "TZ", "LANG", "LC_ALL", "TMPDIR", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
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
  if (logSize(path) > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o640);
}
