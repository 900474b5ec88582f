import { eventually } from "./eventually";
import type { Crowd } from "./load";
import { stack } from "./stack";

/** Kills a process with signal 9 and waits until the launcher has started it again. */
export async function killAndAwait(process: string): Promise<void> {
  const before = await eventually(() => stack.pid(process), 30_000);
  await stack.kill(process);
  await eventually(() => stack.pid(process) !== undefined && stack.pid(process) !== before, 30_000);
}

/**
 * Places orders in as many portions as there are blows; a blow falls somewhere in the middle of its portion, and the next
 * portion begins when what it hit is back.
 * @returns the ids of all orders
 */
export async function ordersWith(
  crowd: Crowd,
  o: { orders: number; blows: (() => Promise<void>)[]; atOnce?: number },
): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, blow] of o.blows.entries()) {
    const portion = Math.ceil((o.orders - ids.length) / (o.blows.length - index));
    const at = 1 + ((index * 7) % (portion - 1));
    let fallen: Promise<void> | undefined;
    const placed = await crowd.place(portion, o.atOnce ?? 16, (done) => {
      if (done >= at) fallen ??= blow();
    });
    ids.push(...placed);
    await fallen;
  }
  return ids;
}
