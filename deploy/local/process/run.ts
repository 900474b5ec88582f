import type { Subprocess } from "bun";
import type { StackPaths } from "../config/paths";
import { until } from "../promises";
import { UserError } from "../user-error";
import { lastLines, logSize, readLog } from "./log-tail";
import { listensOn, type NamedPort } from "./port-holder";
import { portInUse } from "./port-in-use";
import { type ProcessSpec, spawn } from "./spawn";

/** A process that is ready once it answers and listens on all its ports. */
export type ServerSpec = ProcessSpec & {
  ports: NamedPort[];
  /** Whether it answers. An exception counts as "not yet". */
  ready: () => Promise<boolean>;
  readyTimeoutMs: number;
};

/** One life of a process, from its start to its exit. */
export type Run = {
  child: Subprocess;
  startedAt: number;
  hasEnded: () => boolean;
  /** Everything it has logged. */
  log: () => Promise<string>;
  /** The last lines it has logged, for error messages. */
  logTail: () => Promise<string>;
};

export function startRun(spec: ProcessSpec, paths: StackPaths): Run {
  const path = paths.log(spec.name);
  const from = logSize(path);
  const child = spawn(spec, paths);
  return {
    child,
    startedAt: Date.now(),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    log: () => readLog(path, from),
    logTail: async () => `The end of ${path}:\n${await lastLines(path, { from })}`,
  };
}

/**
 * Waits until a process is ready; kills it when it does not become ready. An answer is not enough: another program on its
 * port may give it, and Envoy answers on its admin port even when it could not bind the edge's.
 * @throws PortInUseError when it could not bind a port
 * @throws UserError with the end of its log when it ended, was stopped, or took too long
 */
export async function waitUntilReady(run: Run, spec: ServerSpec, isStopped: () => boolean): Promise<void> {
  const { name, ports } = spec;
  const listens = () => ports.every(({ port }) => listensOn(run.child.pid, port) !== false);
  try {
    await until(name, spec.readyTimeoutMs, async () => {
      if (isStopped()) throw new UserError(`${name} was stopped while it was starting`);
      if (run.hasEnded()) throw new UserError(`${name} ended while it was starting`);
      // A foreign program on the port may never answer, so the end of our process ends the probe.
      if (!(await Promise.race([spec.ready(), run.child.exited.then(() => false)]))) return false;
      if (listens()) return true;
      if (await couldNotBind(run)) throw new UserError(`${name} could not bind a port`);
      return false;
    });
  } catch (error) {
    if (isStopped()) throw error;
    run.child.kill("SIGKILL");
    await run.child.exited;
    if (await couldNotBind(run)) throw portInUse(ports);
    throw new UserError(`${error instanceof Error ? error.message : error}. ${await run.logTail()}`);
  }
}

/** Whether its log contains the error message of the system, of Node or of Bun. */
async function couldNotBind(run: Run): Promise<boolean> {
  return /address already in use|EADDRINUSE|Is port \d+ in use/i.test(await run.log());
}
