import type { Subprocess } from "bun";
import type { StackPaths } from "../config/paths";
import { UserError } from "../user-error";
import { retryWhilePortsClose } from "./port-in-use";
import { type Run, type ServerSpec, startRun, waitUntilReady } from "./run";
import { send } from "./signal";

export type SupervisedSpec = ServerSpec & {
  /** Runs before each start, to repair what a crash may have left. */
  prepare?: () => Promise<void>;
  /** Runs each time the process has become ready. */
  onReady?: () => Promise<void>;
  /** Runs each time before the process is stopped, and after it died. */
  onDown?: () => Promise<void>;
};

/** A process that is kept running. */
export type SupervisedProcess = {
  name: string;
  pid: () => number | undefined;
  /** How often it was restarted after it died unexpectedly. */
  restarts: () => number;
  /** Starts it and waits until it is ready. @throws UserError with the end of its log when it does not become ready */
  start: () => Promise<void>;
  /** Stops it in an orderly way, then starts it. Never throws. */
  restart: () => Promise<void>;
  /** Stops it for good; kills it after `timeoutMs`. */
  stop: (timeoutMs: number) => Promise<void>;
};

/** The waiting time before the first, second, … restart of a process that keeps dying. */
const BACKOFF_MS = [0, 250, 1000, 2500, 5000];
const STABLE_AFTER_MS = 10_000;
const DRAIN_MS = 10_000;
const KILL_MS = 2_000;

/** Keeps one process running: restarts it when it dies unexpectedly, at first immediately, then with growing delays. */
export function supervise(spec: SupervisedSpec, paths: StackPaths, print: (line: string) => void): SupervisedProcess {
  const { name } = spec;
  let run: Run | undefined;
  let restartsOnDeath = false;
  let restarts = 0;
  let failuresInARow = 0;
  /** Changes with each deliberate start and stop. Work that began under an older number gives up. */
  let generation = 0;

  async function bringUp(mine: number): Promise<void> {
    const isStopped = () => mine !== generation;
    await spec.prepare?.();
    if (isStopped()) throw new UserError(`${name} was stopped while it was starting`);
    const started = startRun(spec, paths);
    run = started;
    void started.child.exited.then(() => {
      if (run === started) run = undefined;
      if (!isStopped()) void onDeath(started, mine);
    });
    await waitUntilReady(started, spec, isStopped);
    if (!started.hasEnded() && !isStopped()) await spec.onReady?.();
  }

  async function onDeath(dead: Run, mine: number): Promise<void> {
    await spec.onDown?.().catch(() => {});
    if (!restartsOnDeath || mine !== generation) return;
    failuresInARow = Date.now() - dead.startedAt > STABLE_AFTER_MS ? 1 : failuresInARow + 1;
    restarts += 1;
    const delayMs = BACKOFF_MS[Math.min(failuresInARow, BACKOFF_MS.length) - 1] ?? 0;
    print(`${name} ${describeExit(dead.child)}; restarting it${delayMs > 0 ? ` in ${delayMs} ms` : ""}`);
    if (failuresInARow % 5 === 3) print(`${name} keeps failing. ${await dead.logTail()}`);
    await Bun.sleep(delayMs);
    if (restartsOnDeath && mine === generation) await bringUp(mine).then(() => print(`${name} is up`), ignore);
  }

  async function shutDown(timeoutMs: number): Promise<void> {
    generation += 1;
    await spec.onDown?.().catch(() => {});
    const child = run?.child;
    if (!child) return;
    send(child.pid, spec.stopSignal);
    if (await endsWithin(child, timeoutMs)) return;
    print(`${name} did not end within ${timeoutMs / 1000} s; killing it`);
    send(-child.pid, "SIGKILL"); // with its children: it leads its own session
    await endsWithin(child, KILL_MS);
  }

  return {
    name,
    pid: () => run?.child.pid,
    restarts: () => restarts,
    async start() {
      generation += 1;
      const mine = generation;
      await retryWhilePortsClose(() => bringUp(mine), print);
      restartsOnDeath = true;
      // It may have died after it became ready and before its deaths were watched.
      if (!run) void bringUp(mine).catch(ignore);
    },
    async restart() {
      restartsOnDeath = true;
      failuresInARow = 0;
      await shutDown(DRAIN_MS);
      const mine = generation;
      await bringUp(mine).catch((error) => {
        if (mine === generation) print(error.message);
      });
    },
    async stop(timeoutMs) {
      restartsOnDeath = false;
      await shutDown(timeoutMs);
    },
  };
}

function describeExit({ signalCode, exitCode }: Subprocess): string {
  return signalCode ? `was killed by ${signalCode}` : `ended with code ${exitCode}`;
}

async function endsWithin(child: Subprocess, timeoutMs: number): Promise<boolean> {
  return await Promise.race([child.exited.then(() => true), Bun.sleep(timeoutMs).then(() => false)]);
}

/** A failed restart is the process's next death, which is handled there. */
function ignore(): void {}
