import { eventually } from "./eventually";
import { stack } from "./stack";

/** Kills a process with signal 9 and waits until the launcher has started it again. */
export async function killAndAwait(process: string): Promise<void> {
  const before = await eventually(() => stack.pid(process), 30_000);
  await stack.kill(process);
  await eventually(() => stack.pid(process) !== undefined && stack.pid(process) !== before, 30_000);
}
