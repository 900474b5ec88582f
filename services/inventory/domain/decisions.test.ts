import { describe, expect, test } from "bun:test";
import type { Item } from "@shop/contracts/common";
import type { Draft } from "@shop/contracts/messages";
import { AppError } from "@shop/kit/errors/app-error";
import { Ledger } from "../testing/in-memory-stock";
import { decideEntry } from "./adjust";
import { decideCommit } from "./commit";
import { decideRelease } from "./release";
import { decideReservation } from "./reserve";
import { linesOf } from "./stock";

const soon = "2026-01-01T00:15:00.000Z";
const order = "order-1";
const of = (quantity: number, productId = "mug") => ({ productId, quantity });

function reserve(ledger: Ledger, items = [of(1)], options: { orderId?: string; expiresAt?: string } = {}) {
  const command = { orderId: order, ...options, items, sagaId: "saga-1" };
  const decision = decideReservation(ledger.stockFor(command.orderId), command);
  return { outcome: ledger.apply(command.orderId, decision), drafts: decision.drafts };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof AppError ? error.code : error;
  }
};

describe("reserving", () => {
  test("holds all that is asked for and says so to the saga that asked", () => {
    const ledger = new Ledger({ mug: 5, pan: 5 });
    const { outcome, drafts } = reserve(ledger, [of(2), of(1, "pan"), of(1)]);
    expect(outcome).toBe("reserved");
    expect(ledger.figures("mug").pinned).toBe(3);
    const items = [of(3), of(1, "pan")];
    expect(drafts).toEqual([
      { type: "inventory.updated", sagaid: "saga-1", data: { orderId: order, change: "reserved", items } },
    ]);
  });

  test("holds nothing of an order that cannot have everything", () => {
    const ledger = new Ledger({ mug: 5, pan: 1 });
    const { outcome, drafts } = reserve(ledger, [of(1), of(2, "pan")]);
    expect(outcome).toBe("rejected");
    expect(ledger.figures("mug").pinned).toBe(0);
    expect(drafts[0]?.data).toMatchObject({ change: "rejected", code: "inventory.out_of_stock" });
  });

  test("knows a product that does not exist from one that is sold out", () => {
    const { drafts } = reserve(new Ledger({ mug: 0 }), [of(1), of(1, "unicorn")]);
    expect(drafts[0]?.data).toMatchObject({ code: "inventory.product_unknown" });
  });

  test("twice holds once", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger);
    const { outcome, drafts } = reserve(ledger);
    expect(outcome).toBe("repeated");
    expect(drafts[0]?.data).toMatchObject({ change: "reserved", items: [of(1)] });
    expect(ledger.figures("mug").pinned).toBe(1);
  });

  test("after the release that undoes it is refused", () => {
    const ledger = new Ledger({ mug: 1 });
    ledger.apply(order, decideRelease(ledger.stockFor(order), { orderId: order }));
    expect(reserve(ledger).drafts[0]?.data).toMatchObject({ code: "inventory.released_before" });
  });

  test("once more after a hold was released is refused too", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger);
    ledger.apply(order, decideRelease(ledger.stockFor(order), { orderId: order }));
    expect(reserve(ledger).outcome).toBe("rejected");
  });

  test("without an expiry pins a hold that would have expired", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger, [of(1)], { expiresAt: soon });
    expect(ledger.figures("mug")).toMatchObject({ pinned: 0, expiring: 1 });
    expect(reserve(ledger).outcome).toBe("reserved");
    expect(ledger.figures("mug")).toMatchObject({ pinned: 1, expiring: 0 });
  });

  test("again after the hold lapsed renews it", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger, [of(1)], { expiresAt: soon });
    ledger.lapse(order);
    expect(reserve(ledger).outcome).toBe("reserved");
    expect(ledger.figures("mug")).toMatchObject({ pinned: 1, expiring: 0 });
  });

  test("again after the hold lapsed and somebody else took it is refused, for good", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger, [of(1)], { expiresAt: soon });
    ledger.lapse(order);
    expect(reserve(ledger, [of(1)], { orderId: "order-2", expiresAt: soon }).outcome).toBe("reserved");
    expect(reserve(ledger, [of(1)], { expiresAt: soon }).drafts[0]?.data).toMatchObject({
      change: "rejected",
      code: "inventory.out_of_stock",
    });
    expect(ledger.stockFor(order).holds).toMatchObject([{ status: "released" }]);
    ledger.lapse("order-2");
    expect(reserve(ledger).drafts[0]?.data).toMatchObject({ code: "inventory.released_before" });
  });
});

describe("committing", () => {
  const commit = (ledger: Ledger) => {
    const decision = decideCommit(ledger.stockFor(order), { orderId: order });
    return { outcome: ledger.apply(order, decision), drafts: decision.drafts };
  };

  test("sells what was held, once", () => {
    const ledger = new Ledger({ mug: 10 });
    reserve(ledger, [of(3)]);
    expect(commit(ledger)).toEqual({ outcome: "committed", drafts: [] });
    expect(commit(ledger).outcome).toBe("repeated");
    expect(ledger.figures("mug")).toMatchObject({ onHand: 7, pinned: 0 });
  });

  test("tells when the stock falls to its threshold, and not again below it", () => {
    const ledger = new Ledger({ mug: 4 });
    reserve(ledger, [of(2)]);
    expect(commit(ledger).drafts).toEqual([
      { type: "inventory.updated", data: { orderId: order, change: "low", items: [of(2)] } },
    ]);
    reserve(ledger, [of(1)], { orderId: "order-2" });
    expect(decideCommit(ledger.stockFor("order-2"), { orderId: "order-2" }).drafts).toEqual([]);
  });

  test("sells a lapsed hold if the stock is still there, and calls for help if it is not", () => {
    const ledger = new Ledger({ mug: 1 });
    reserve(ledger, [of(1)], { expiresAt: soon });
    ledger.lapse(order);
    expect(decideCommit(ledger.stockFor(order), { orderId: order }).outcome).toBe("committed");
    reserve(ledger, [of(1)], { orderId: "order-2" });
    expect(codeOf(() => commit(ledger))).toBe("inventory.hold_lapsed");
  });

  test("of what was never held calls for help; of what was released changes nothing", () => {
    const ledger = new Ledger({ mug: 1 });
    expect(codeOf(() => commit(ledger))).toBe("inventory.nothing_held");
    ledger.apply(order, decideRelease(ledger.stockFor(order), { orderId: order }));
    expect(commit(ledger)).toEqual({ outcome: "too_late", drafts: [] });
  });
});

describe("releasing", () => {
  const release = (ledger: Ledger) => {
    const decision = decideRelease(ledger.stockFor(order), { orderId: order, sagaId: "saga-1" });
    return { outcome: ledger.apply(order, decision), drafts: decision.drafts };
  };
  const answer = (items: Item[]): Draft[] => [
    { type: "inventory.updated", sagaid: "saga-1", data: { orderId: order, change: "released", items } },
  ];

  test("gives back once and answers every time", () => {
    const ledger = new Ledger({ mug: 3 });
    reserve(ledger, [of(2)]);
    expect(release(ledger)).toMatchObject({ outcome: "released", drafts: answer([of(2)]) });
    expect(release(ledger)).toMatchObject({ outcome: "released", drafts: answer([of(2)]) });
    expect(ledger.figures("mug")).toMatchObject({ onHand: 3, pinned: 0 });
  });

  test("takes sold goods back into the stock, with a movement", () => {
    const ledger = new Ledger({ mug: 3 });
    reserve(ledger, [of(2)]);
    ledger.apply(order, decideCommit(ledger.stockFor(order), { orderId: order }));
    expect(release(ledger).outcome).toBe("returned");
    expect(ledger.figures("mug").onHand).toBe(3);
    expect(ledger.movements.map((movement) => movement.delta)).toEqual([3, -2, 2]);
  });

  test("of nothing leaves a tombstone and answers", () => {
    expect(release(new Ledger({ mug: 1 }))).toEqual({ outcome: "tombstone", drafts: answer([]) });
  });
});

describe("booking", () => {
  const stock = { productId: "mug", onHand: 10, pinned: 3, expiring: 2, lowStockThreshold: 0 };

  test("adds a delivery and takes away what a correction says", () => {
    expect(decideEntry(stock, { quantity: 5, reason: "received" }).counters[0]?.onHand).toBe(5);
    expect(decideEntry(stock, { quantity: -5, reason: "corrected" }).movements[0]?.delta).toBe(-5);
  });

  test("takes nothing away that orders hold", () => {
    expect(codeOf(() => decideEntry(stock, { quantity: -6, reason: "corrected" }))).toBe("stock.held");
    expect(codeOf(() => decideEntry(stock, { quantity: -1, reason: "received" }))).toBe("stock.reason_mismatch");
    expect(codeOf(() => decideEntry({ ...stock, onHand: 1e9 }, { quantity: 1, reason: "received" }))).toBe(
      "stock.too_much",
    );
  });
});

test("a sum that is more than one line of a message may say takes several lines", () => {
  expect(linesOf([of(2001)])).toEqual([of(1000), of(1000), of(1)]);
});
