import { describe, expect, test } from "bun:test";
import { createLifecycle } from "./lifecycle";
import { silentLog } from "./testing/log";

describe("a lifecycle", () => {
  test("closes parts in reverse order, one after the other", async () => {
    const closed: string[] = [];
    const lifecycle = createLifecycle(silentLog);
    const part = (name: string, ms: number) => ({ close: () => Bun.sleep(ms).then(() => closed.push(name)) });
    lifecycle.use("store", part("store", 0));
    lifecycle.use("outbox", part("outbox", 20));
    lifecycle.use("consumer", () => closed.push("consumer"));
    await lifecycle.close();
    expect(closed).toEqual(["consumer", "outbox", "store"]);
  });

  test("closes the rest when a part fails to close", async () => {
    const closed: string[] = [];
    const lifecycle = createLifecycle(silentLog);
    lifecycle.use("store", () => closed.push("store"));
    lifecycle.use("outbox", () => Promise.reject(new Error("rejected")));
    lifecycle.use("consumer", () => {
      throw new Error("thrown");
    });
    await lifecycle.close();
    expect(closed).toEqual(["store"]);
  });

  test("closes once, even if close is called twice", async () => {
    let count = 0;
    const lifecycle = createLifecycle(silentLog);
    lifecycle.use("store", () => Bun.sleep(10).then(() => count++));
    await Promise.all([lifecycle.close(), lifecycle.close()]);
    expect(count).toBe(1);
  });

  test("returns the part that is registered", () => {
    const store = { close: async () => {}, name: "store" };
    expect(createLifecycle(silentLog).use("store", store)).toBe(store);
  });
});
