import { expect } from "bun:test";
import type { Books } from "./audit";
import { eventually } from "./eventually";
import type { Crowd } from "./load";
import { type Answer, type Customer, newCustomer, plentiful, readOrder } from "./shop";
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

/** As a careful client does: what is refused for now, or broken off, is asked for again. */
export async function insist<T>(work: () => Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T> | undefined;
  await eventually(async () => {
    answer = await work().catch(() => undefined);
    return answer !== undefined && answer.status < 500 && answer.status !== 429;
  }, 60_000);
  return answer as Answer<T>;
}

const mostStories = 60;

/**
 * Six buyers live through stories with orders, and a process is killed in the middle of them. Every order has to come to
 * its story's end, and the books have to balance.
 */
export async function killedAmong(
  process: string,
  books: Books,
  story: { of(buyer: Customer, productId: string, n: number): Promise<string>; endOf(n: number): string },
): Promise<void> {
  const buyers = await Promise.all(Array.from({ length: 6 }, newCustomer));
  const { id: productId } = await plentiful();
  let killed: Promise<void> | undefined;
  let done = 0;
  const ids = await Promise.all(
    buyers.map(async (buyer, worker) => {
      const mine: [string, number][] = [];
      for (let n = worker; n < mostStories; n += buyers.length) {
        mine.push([await story.of(buyer, productId, n), n]);
        if (++done >= mostStories / 3) killed ??= killAndAwait(process);
      }
      for (const [id, n] of mine)
        await eventually(async () => (await readOrder(buyer, id)).status === story.endOf(n), 60_000);
      return mine.map(([id]) => id);
    }),
  );
  await killed;
  await books.balance(ids.flat());
  expect(await books.stockProblems()).toEqual([]);
}
