import { describe, expect, test } from "bun:test";
import type { Item } from "@shop/contracts/common";
import type { Draft } from "@shop/contracts/messages";
import { AppError } from "@shop/kit/errors/app-error";
import { type InMemoryStock, inMemoryStock } from "../testing/in-memory-stock";
import { decideAdjustment } from "./adjust";
import { decideCommit } from "./commit";
import { decideRelease } from "./release";
import { decideReservation } from "./reserve";
import { splitIntoLines } from "./stock";

const soon = "2026-01-01T00:15:00.000Z";
const orderId = "order-1";
const item = (quantity: number, productId = "mug") => ({ productId, quantity });

function reserve(memory: InMemoryStock, items = [item(1)], options: { orderId?: string; expiresAt?: string } = {}) {
  const command = { orderId, ...options, items, sagaId: "saga-1" };
  const decision = decideReservation(memory.getStock(command.orderId), command);
  return { outcome: memory.apply(command.orderId, decision), drafts: decision.drafts };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof AppError ? error.code : error;
  }
};

describe("a reservation", () => {
  test("holds all items and replies to the saga", () => {
    const memory = inMemoryStock({ mug: 5, pan: 5 });
    const { outcome, drafts } = reserve(memory, [item(2), item(1, "pan"), item(1)]);
    expect(outcome).toBe("reserved");
    expect(memory.getProduct("mug").pinned).toBe(3);
    const items = [item(3), item(1, "pan")];
    expect(drafts).toEqual([
      { type: "inventory.updated", sagaid: "saga-1", data: { orderId, change: "reserved", items } },
    ]);
  });

  test("holds nothing if one item is out of stock", () => {
    const memory = inMemoryStock({ mug: 5, pan: 1 });
    const { outcome, drafts } = reserve(memory, [item(1), item(2, "pan")]);
    expect(outcome).toBe("rejected");
    expect(memory.getProduct("mug").pinned).toBe(0);
    expect(drafts[0]?.data).toMatchObject({ change: "rejected", code: "inventory.out_of_stock" });
  });

  test("of an unknown product is rejected with its own error code", () => {
    const { drafts } = reserve(inMemoryStock({ mug: 0 }), [item(1), item(1, "unicorn")]);
    expect(drafts[0]?.data).toMatchObject({ code: "inventory.product_unknown" });
  });

  test("repeated by the same order holds the items once", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory);
    const { outcome, drafts } = reserve(memory);
    expect(outcome).toBe("repeated");
    expect(drafts[0]?.data).toMatchObject({ change: "reserved", items: [item(1)] });
    expect(memory.getProduct("mug").pinned).toBe(1);
  });

  test("that arrives after its release is rejected", () => {
    const memory = inMemoryStock({ mug: 1 });
    memory.apply(orderId, decideRelease(memory.getStock(orderId), { orderId }));
    expect(reserve(memory).drafts[0]?.data).toMatchObject({ code: "inventory.released_before" });
  });

  test("that is repeated after its hold was released is rejected", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory);
    memory.apply(orderId, decideRelease(memory.getStock(orderId), { orderId }));
    expect(reserve(memory).outcome).toBe("rejected");
  });

  test("that is repeated without an expiry pins an expiring hold", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory, [item(1)], { expiresAt: soon });
    expect(memory.getProduct("mug")).toMatchObject({ pinned: 0, expiring: 1 });
    expect(reserve(memory).outcome).toBe("reserved");
    expect(memory.getProduct("mug")).toMatchObject({ pinned: 1, expiring: 0 });
  });

  test("that is repeated renews a lapsed hold", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory, [item(1)], { expiresAt: soon });
    memory.lapse(orderId);
    expect(reserve(memory).outcome).toBe("reserved");
    expect(memory.getProduct("mug")).toMatchObject({ pinned: 1, expiring: 0 });
  });

  test("that is repeated is rejected for good if its hold has lapsed and another order took the stock", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory, [item(1)], { expiresAt: soon });
    memory.lapse(orderId);
    expect(reserve(memory, [item(1)], { orderId: "order-2", expiresAt: soon }).outcome).toBe("reserved");
    expect(reserve(memory, [item(1)], { expiresAt: soon }).drafts[0]?.data).toMatchObject({
      change: "rejected",
      code: "inventory.out_of_stock",
    });
    expect(memory.getStock(orderId).holds).toMatchObject([{ status: "released" }]);
    memory.lapse("order-2");
    expect(reserve(memory).drafts[0]?.data).toMatchObject({ code: "inventory.released_before" });
  });
});

describe("a commit", () => {
  const commit = (memory: InMemoryStock) => {
    const decision = decideCommit(memory.getStock(orderId), { orderId });
    return { outcome: memory.apply(orderId, decision), drafts: decision.drafts };
  };

  test("sells the held items once", () => {
    const memory = inMemoryStock({ mug: 10 });
    reserve(memory, [item(3)]);
    expect(commit(memory)).toEqual({ outcome: "committed", drafts: [] });
    expect(commit(memory).outcome).toBe("repeated");
    expect(memory.getProduct("mug")).toMatchObject({ onHand: 7, pinned: 0 });
  });

  test("publishes a low-stock event when the stock reaches its threshold, and none below it", () => {
    const memory = inMemoryStock({ mug: 4 });
    reserve(memory, [item(2)]);
    expect(commit(memory).drafts).toEqual([
      { type: "inventory.updated", data: { orderId, change: "low", items: [item(2)] } },
    ]);
    reserve(memory, [item(1)], { orderId: "order-2" });
    expect(decideCommit(memory.getStock("order-2"), { orderId: "order-2" }).drafts).toEqual([]);
  });

  test("sells a lapsed hold if the stock is still available, and throws if it is not", () => {
    const memory = inMemoryStock({ mug: 1 });
    reserve(memory, [item(1)], { expiresAt: soon });
    memory.lapse(orderId);
    expect(decideCommit(memory.getStock(orderId), { orderId }).outcome).toBe("committed");
    reserve(memory, [item(1)], { orderId: "order-2" });
    expect(codeOf(() => commit(memory))).toBe("inventory.hold_lapsed");
  });

  test("without a hold throws; after a release it changes nothing", () => {
    const memory = inMemoryStock({ mug: 1 });
    expect(codeOf(() => commit(memory))).toBe("inventory.nothing_held");
    memory.apply(orderId, decideRelease(memory.getStock(orderId), { orderId }));
    expect(commit(memory)).toEqual({ outcome: "too_late", drafts: [] });
  });
});

describe("a release", () => {
  const release = (memory: InMemoryStock) => {
    const decision = decideRelease(memory.getStock(orderId), { orderId, sagaId: "saga-1" });
    return { outcome: memory.apply(orderId, decision), drafts: decision.drafts };
  };
  const reply = (items: Item[]): Draft[] => [
    { type: "inventory.updated", sagaid: "saga-1", data: { orderId, change: "released", items } },
  ];

  test("returns the held items once and replies every time", () => {
    const memory = inMemoryStock({ mug: 3 });
    reserve(memory, [item(2)]);
    expect(release(memory)).toMatchObject({ outcome: "released", drafts: reply([item(2)]) });
    expect(release(memory)).toMatchObject({ outcome: "released", drafts: reply([item(2)]) });
    expect(memory.getProduct("mug")).toMatchObject({ onHand: 3, pinned: 0 });
  });

  test("returns sold items to the stock with a movement", () => {
    const memory = inMemoryStock({ mug: 3 });
    reserve(memory, [item(2)]);
    memory.apply(orderId, decideCommit(memory.getStock(orderId), { orderId }));
    expect(release(memory).outcome).toBe("returned");
    expect(memory.getProduct("mug").onHand).toBe(3);
    expect(memory.movements.map((movement) => movement.delta)).toEqual([3, -2, 2]);
  });

  test("without a hold leaves a tombstone and replies", () => {
    expect(release(inMemoryStock({ mug: 1 }))).toEqual({ outcome: "tombstone", drafts: reply([]) });
  });
});

describe("an adjustment", () => {
  const stock = { productId: "mug", onHand: 10, pinned: 3, expiring: 2, lowStockThreshold: 0 };

  test("adds received units and removes corrected ones", () => {
    expect(decideAdjustment(stock, { quantity: 5, reason: "received" }).counters[0]?.onHand).toBe(5);
    expect(decideAdjustment(stock, { quantity: -5, reason: "corrected" }).movements[0]?.delta).toBe(-5);
  });

  test("is rejected if it removes held units, if its reason does not allow a reduction, and above the maximum", () => {
    expect(codeOf(() => decideAdjustment(stock, { quantity: -6, reason: "corrected" }))).toBe("stock.held");
    expect(codeOf(() => decideAdjustment(stock, { quantity: -1, reason: "received" }))).toBe("stock.reason_mismatch");
    expect(codeOf(() => decideAdjustment({ ...stock, onHand: 1e9 }, { quantity: 1, reason: "received" }))).toBe(
      "stock.too_much",
    );
  });
});

test("a quantity above the maximum of a message line is split into several lines", () => {
  expect(splitIntoLines([item(2001)])).toEqual([item(1000), item(1000), item(1)]);
});
