import { describe, expect, test } from "bun:test";
import { findDifferences, type RecordedEntry, rebuildOrder, recordChange } from "./history";
import type { Order } from "./order";

const placed: Order = {
  id: "o1",
  userId: "u1",
  status: "pending",
  items: [{ productId: "p1", name: "Lamp", quantity: 1, unitPrice: { amount: 1999, currency: "USD" } }],
  total: { amount: 1999, currency: "USD" },
  paymentMethod: { provider: "stripe", sealedToken: "sealed" },
  createdAt: new Date("2026-01-01T00:00:00Z"),
  updatedAt: new Date("2026-01-01T00:00:00Z"),
};
const { userId, items, total } = placed;

/** The order after each write, and the entry that the write added. */
type Write = { order: Order; type: string; data?: object };
const writes: Write[] = [
  { order: placed, type: "order.created", data: { orderId: "o1", userId, items, total } },
  { order: { ...placed, paymentMethod: { provider: "stripe" } }, type: "saga.step" },
  {
    order: {
      ...placed,
      paymentMethod: { provider: "stripe" },
      status: "confirmed",
      payment: { id: "pay", status: "completed" },
    },
    type: "order.confirmed",
  },
];
const toEntries = (list: Write[]): RecordedEntry[] =>
  list.map(({ order, type, data = {} }, index) => ({
    seq: index + 1,
    type,
    data,
    set: recordChange(list[index - 1]?.order, order),
  }));
const last = (list: Write[]) => list.at(-1)?.order as Order;

describe("an order's history", () => {
  test("is enough to rebuild the order", () => {
    expect(findDifferences(last(writes), rebuildOrder(toEntries(writes)))).toEqual([]);
  });
  test("records each change once and never the sealed token", () => {
    const [created, charged, confirmed] = toEntries(writes);
    expect(created?.set).toEqual({
      status: "pending",
      paymentMethod: { provider: "stripe" },
      createdAt: placed.createdAt,
    });
    expect(charged?.set).toBeUndefined();
    expect(confirmed?.set).toEqual({ status: "confirmed", payment: { id: "pay", status: "completed" } });
    expect(JSON.stringify(toEntries(writes))).not.toContain("sealed");
  });
  test("records a removed field as null", () => {
    const held = { ...placed, holdExpiresAt: new Date(0) };
    const removing = [{ ...writes[0], order: held } as Write, { order: placed, type: "saga.step" }];
    expect(toEntries(removing)[1]?.set).toEqual({ holdExpiresAt: null });
    expect(findDifferences(placed, rebuildOrder(toEntries(removing)))).toEqual([]);
  });
});

describe("a replay reports", () => {
  const entries = toEntries(writes);
  const found = (stored: Order, history = entries) => findDifferences(stored, rebuildOrder(history)).join("; ");
  test("a field that was changed without a history entry", () => {
    expect(found({ ...last(writes), total: { amount: 1, currency: "USD" } })).toContain("total is");
    expect(found({ ...last(writes), cancelReason: "why" })).toContain("cancelReason is");
  });
  test("a missing entry", () => {
    expect(found(last(writes), entries.toSpliced(1, 1))).toContain("entry 2 is missing");
  });
  test("an illegal transition", () => {
    const illegal = [...entries, { seq: 4, type: "saga.step", data: {}, set: { status: "pending" as const } }];
    expect(found(placed, illegal)).toContain("changes the status from confirmed to pending");
  });
  test("a published status that the order has not reached", () => {
    const withUntrueEvent = [...entries, { seq: 4, type: "order.status_changed", data: { to: "shipped" } }];
    expect(found(last(writes), withUntrueEvent)).toContain("published status shipped, but the status is confirmed");
  });
});
