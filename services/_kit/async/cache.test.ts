import { describe, expect, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { cached } from "./cache";

/** Loads answers with their count, so that a second load is seen. */
function counting(options: Partial<Parameters<typeof cached<number>>[1]> = {}) {
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
  test("asks once for what many ask at the same time", async () => {
    const { get, loads } = counting();
    expect(await Promise.all(Array.from({ length: 50 }, () => get("a")))).toEqual(Array(50).fill(1));
    expect(await get("a")).toBe(1);
    expect(loads).toEqual(["a"]);
  });
  test("keeps no failure, and tells everybody who waited", async () => {
    const { get, loads } = counting();
    const results = await Promise.allSettled([get("bad"), get("bad")]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(get("bad")).rejects.toThrow("no bad");
    expect(loads).toEqual(["bad", "bad"]);
  });
  test("takes a throw for a failure", () => {
    const get = cached(
      () => {
        throw new Error("at once");
      },
      { ttlMs: 1, max: 1 },
    );
    expect(get("a")).rejects.toThrow("at once");
  });
  test("forgets after its time", async () => {
    const { get } = counting({ ttlMs: 30 });
    await get("a");
    expect(await eventually(async () => (await get("a")) > 1)).toBe(true);
  });
  test("keeps nothing longer than the answer itself says", async () => {
    const { get, loads } = counting({ expiresAt: () => Date.now() - 1 });
    await get("a");
    await get("a");
    expect(loads).toHaveLength(2);
  });
  test("makes room by dropping the oldest", async () => {
    const { get, loads } = counting();
    for (const key of ["a", "b", "c", "d"]) await get(key);
    await get("d");
    await get("b");
    expect(loads).toHaveLength(4);
    await get("a");
    expect(loads).toHaveLength(5);
  });
  test("an old failure does not drop the answer that came after it", async () => {
    const turns: PromiseWithResolvers<number>[] = [];
    const get = cached(
      () => {
        const turn = Promise.withResolvers<number>();
        turns.push(turn);
        return turn.promise;
      },
      { ttlMs: 0, max: 3 },
    );
    const first = get("a");
    await Bun.sleep(2);
    const second = get("a");
    turns[0]?.reject(new Error("late"));
    turns[1]?.resolve(2);
    expect(first).rejects.toThrow("late");
    expect(await second).toBe(2);
  });
});
