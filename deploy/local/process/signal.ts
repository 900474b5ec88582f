import { readFileSync } from "node:fs";

/** Whether a process is alive (a zombie is not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Sends a signal; a process that is gone is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Waits until all have ended. False when some live on after `timeoutMs`. */
export async function ended(pids: number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (pids.some(isAlive)) {
    if (Date.now() >= deadline) return false;
    await Bun.sleep(25);
  }
  return true;
}

/** Asks processes to end, and kills those that have not after `timeoutMs`. */
export async function end(pids: number[], signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  for (const pid of pids) send(pid, signal);
  if (await ended(pids, timeoutMs)) return;
  for (const pid of pids.filter(isAlive)) send(pid, "SIGKILL");
  await ended(pids, 2000);
}
