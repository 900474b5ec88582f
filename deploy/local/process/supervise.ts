import type { Subprocess } from "bun";
import type { StackPaths } from "../config/paths";
import { UserError, until } from "../user-error";
import { lastLines } from "./log-tail";
import { send } from "./signal";
import { type Spec, spawn } from "./spawn";

export type Unit = {
  name: string;
  pid: () => number | undefined;
  /** How often it was started again after it died by itself. */
  restarts: () => number;
  /** Starts it and waits until it is ready. Throws `Failure` with the end of its log when it dies instead. */
  start: () => Promise<void>;
  /** Ends it in an orderly way and starts it again, as after a change of its files. Never throws. */
  restart: () => Promise<void>;
  /** Ends it, the hard way after `timeoutMs`, and does not start it again. */
  stop: (timeoutMs: number) => Promise<void>;
};

export type Supervised = Spec & {
  ready: () => Promise<boolean>;
  readyTimeoutMs: number;
  /** Before each start: repair what a crash may have left. */
  prepare?: () => Promise<void>;
  /** Each time it has become ready, and each time before it is stopped or after it died (Envoy's endpoints hang here). */
  onReady?: () => Promise<void>;
  onDown?: () => Promise<void>;
};

const BACKOFF_MS = [0, 250, 1000, 2500, 5000];
const STABLE_AFTER_MS = 10_000;
const DRAIN_MS = 10_000;

/** Keeps one process running: a process that dies unexpectedly is started again, at once first, then ever slower. */
export function supervise(spec: Supervised, layout: StackPaths, say: (line: string) => void): Unit {
  let child: Subprocess | undefined;
  let wanted = false;
  let restarts = 0;
  let failures = 0;
  let generation = 0; // moves on with each deliberate start and stop, so that a restart still waiting is called off

  async function bringUp(): Promise<void> {
    const mine = generation;
    await spec.prepare?.();
    if (mine !== generation) return;
    const startedAt = Date.now();
    const current = spawn(spec, layout);
    child = current;
    let dead = false;
    current.exited.then(() => {
      dead = true;
      if (child === current) child = undefined;
      if (mine === generation) void onDeath(current, startedAt);
    });
    await until(spec.name, spec.readyTimeoutMs, async () => {
      if (dead || mine !== generation) throw new UserError(`${spec.name} ended while it was starting`);
      return await spec.ready();
    }).catch((error) => {
      if (!dead && mine === generation) current.kill("SIGKILL"); // alive but never ready: begin again
      throw error;
    });
    if (!dead && mine === generation) await spec.onReady?.();
  }

  async function onDeath(dead: Subprocess, startedAt: number): Promise<void> {
    await spec.onDown?.().catch(() => {});
    if (!wanted) return;
    const mine = generation;
    failures = Date.now() - startedAt > STABLE_AFTER_MS ? 1 : failures + 1;
    restarts += 1;
    const delay = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
    const how = dead.signalCode ? `was killed by ${dead.signalCode}` : `ended with code ${dead.exitCode}`;
    say(`${spec.name} ${how}; starting it again${delay > 0 ? ` in ${delay} ms` : ""}`);
    if (failures % 5 === 3)
      say(`${spec.name} keeps failing. The end of its log:\n${await lastLines(layout.log(spec.name))}`);
    await Bun.sleep(delay);
    if (wanted && mine === generation) await bringUp().then(() => say(`${spec.name} is up again`), ignore);
  }

  async function shutDown(timeoutMs: number): Promise<void> {
    generation += 1;
    await spec.onDown?.().catch(() => {});
    const current = child;
    if (!current) return;
    send(current.pid, spec.stopSignal);
    if (await endsWithin(current, timeoutMs)) return;
    say(`${spec.name} did not end within ${timeoutMs / 1000} s and is killed`);
    send(-current.pid, "SIGKILL"); // its whole group: it leads its own session
    await endsWithin(current, 2000);
  }

  /** With a large PORT_OFFSET our ports lie where the kernel takes those of outgoing connections from, which come and go. */
  async function portWasTaken(): Promise<boolean> {
    return /address already in use|EADDRINUSE/i.test(await lastLines(layout.log(spec.name), 60));
  }

  return {
    name: spec.name,
    pid: () => child?.pid,
    restarts: () => restarts,
    async start() {
      generation += 1;
      try {
        await bringUp().catch(async (error) => {
          if (!(await portWasTaken())) throw error;
          await Bun.sleep(1000);
          generation += 1;
          await bringUp();
        });
        wanted = true;
        // It may have died between becoming ready and now, unwatched.
        if (!child) void bringUp().catch(ignore);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new UserError(`${why}. The end of ${layout.log(spec.name)}:\n${await lastLines(layout.log(spec.name))}`);
      }
    },
    async restart() {
      wanted = true;
      failures = 0;
      await shutDown(DRAIN_MS);
      await bringUp().catch((error) => say(`${spec.name}: ${error.message}`));
    },
    async stop(timeoutMs) {
      wanted = false;
      await shutDown(timeoutMs);
    },
  };
}

async function endsWithin(child: Subprocess, timeoutMs: number): Promise<boolean> {
  return await Promise.race([child.exited.then(() => true), Bun.sleep(timeoutMs).then(() => false)]);
}

// What goes wrong in a restart shows as the next death, which is handled there.
function ignore(): void {}
