import { afterAll, describe, expect, test } from "bun:test";
import { createClient } from "redis";
import { openBooks } from "../support/books";
import { eventually } from "../support/eventually";
import { placeMany } from "../support/load";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

async function killRedis(): Promise<void> {
  const before = stack.pid("redis");
  await stack.kill("redis");
  await eventually(() => stack.pid("redis") !== undefined && stack.pid("redis") !== before, 30_000);
}

async function flushRedis(): Promise<void> {
  const admin = await createClient({ url: stack.adminUrls.redis }).connect();
  await admin.flushAll();
  await admin.close();
}

/** How many messages order and its participants have sent again because Redis lost them. */
async function sentAgain(): Promise<number> {
  const services = ["order", "payment", "inventory"] as const;
  const counts = await Promise.all(
    services.map(async (service) => {
      const text = await (await fetch(`http://127.0.0.1:${stack.ports[service]}/metrics`)).text();
      return Number(/^messages_resent_total (\d+)/m.exec(text)?.[1] ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Places orders and breaks Redis at equal distances on the way. */
async function ordersWith(count: number, breaks: (() => Promise<void>)[]): Promise<string[]> {
  const every = count / (breaks.length + 1);
  let broken: Promise<void> = Promise.resolve();
  let next = 0;
  const ids = await placeMany(count, 16, (placed) => {
    if (placed < every * (next + 1)) return;
    const breakIt = breaks[next++];
    if (breakIt) broken = broken.then(breakIt);
  });
  await broken;
  return ids;
}

describe("losing Redis in the middle of orders loses no order, no saga and no mail", () => {
  test("kill -9", async () => {
    const ids = await ordersWith(200, [killRedis, killRedis]);
    expect(new Set(ids).size).toBe(200);
    await books.balance(ids);
    expect(await books.stockProblems()).toEqual([]);
  }, 180_000);

  test("FLUSHALL: all that was under way is gone", async () => {
    const before = await sentAgain();
    const ids = await ordersWith(200, [flushRedis, flushRedis]);
    expect(new Set(ids).size).toBe(200);
    await books.balance(ids);
    expect(await books.stockProblems()).toEqual([]);
    expect(await sentAgain()).toBeGreaterThan(before);
  }, 180_000);
});
