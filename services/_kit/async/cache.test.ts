import { describe, expect, setSystemTime, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { cached } from "./cache";

/** Each load returns the number of loads so far, so that a repeated load is visible. */
function aCache(options: Partial<Parameters<typeof cached<number>>[1]> = {}) {
  const loads: string[] = [];
  const get = cached(
    async (key) => {
      loads.push(key);
      if (key.startsWith("bad")) throw new Error(`no ${key}`);
      return loads.length;
    },
    { ttlMs: 60_000, max: 3, ...options },
  );
  return { get, loads };
}

describe("a cache", () => {
  test("loads a key once for many callers at the same time", async () => {
    const { get, loads } = aCache();
    expect(await Promise.all(Array.from({ length: 50 }, () => get("a")))).toEqual(Array(50).fill(1));
    expect(await get("a")).toBe(1);
    expect(loads).toEqual(["a"]);
  });
  test("passes a failure to every waiting caller and does not keep it", async () => {
    const { get, loads } = aCache();
    const results = await Promise.allSettled([get("bad"), get("bad")]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    await expect(get("bad")).rejects.toThrow("no bad");
    expect(loads).toEqual(["bad", "bad"]);
  });
  test("treats a synchronous throw as a failure", async () => {
    const get = cached(
      () => {
        throw new Error("at once");
      },
      { ttlMs: 1, max: 1 },
    );
    await expect(get("a")).rejects.toThrow("at once");
  });
  test("loads again after ttlMs", async () => {
    const { get } = aCache({ ttlMs: 30 });
    await get("a");
    expect(await eventually(async () => (await get("a")) > 1)).toBe(true);
  });
  test("loads again after the value's own expiresAt", async () => {
    const { get, loads } = aCache({ expiresAt: () => Date.now() - 1 });
    await get("a");
    await get("a");
    expect(loads).toHaveLength(2);
  });
  test("drops the oldest entry when it is full", async () => {
    const { get, loads } = aCache();
    for (const key of ["a", "b", "c", "d"]) await get(key);
    await get("d");
    await get("b");
    expect(loads).toHaveLength(4);
    await get("a");
    expect(loads).toHaveLength(5);
  });
  test("keeps a newer value when an older load fails", async () => {
    const turns: PromiseWithResolvers<number>[] = [];
    const get = cached(
      () => {
        const turn = Promise.withResolvers<number>();
        turns.push(turn);
        return turn.promise;
      },
      { ttlMs: 1_000, max: 3 },
    );
    try {
      setSystemTime(new Date(0));
      const first = get("a");
      setSystemTime(new Date(2_000));
      const second = get("a");
      turns[0]?.reject(new Error("late"));
      turns[1]?.resolve(2);
      await expect(first).rejects.toThrow("late");
      expect(await second).toBe(2);
      expect(await get("a")).toBe(2);
      expect(turns).toHaveLength(2);
    } finally {
      setSystemTime();
    }
  });
});
