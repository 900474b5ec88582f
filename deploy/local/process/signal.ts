import { isAlive } from "./proc";

const POLL_MS = 25;
const KILL_MS = 2000;

/** Sends a signal. Does nothing when the process has ended. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** Waits until all processes have ended. Returns false when some are alive after `timeoutMs`. */
export async function ended(pids: number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (pids.some(isAlive)) {
    if (Date.now() >= deadline) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

/** Ends processes with a signal, and kills those that are alive after `timeoutMs`. */
export async function end(pids: number[], signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  for (const pid of pids) send(pid, signal);
  if (await ended(pids, timeoutMs)) return;
  for (const pid of pids.filter(isAlive)) send(pid, "SIGKILL");
  await ended(pids, KILL_MS);
}
