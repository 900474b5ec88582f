import { describe, expect, test } from "bun:test";
import { changeOf, differences, type RecordedEntry, replayed } from "./history";
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

/** A life of an order: what each write made of it, and what it told. */
const life: { order: Order; type: string; data?: object }[] = [
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
const historyOf = (writes: typeof life): RecordedEntry[] =>
  writes.map(({ order, type, data = {} }, index) => ({
    seq: index + 1,
    type,
    data,
    set: changeOf(writes[index - 1]?.order, order),
  }));
const last = (writes: typeof life) => writes.at(-1)?.order as Order;

describe("an order's history", () => {
  test("tells the order", () => {
    expect(differences(last(life), replayed(historyOf(life)))).toEqual([]);
  });
  test("holds what changed, and that once; never the sealed token", () => {
    const [created, charged, confirmed] = historyOf(life);
    expect(created?.set).toEqual({
      status: "pending",
      paymentMethod: { provider: "stripe" },
      createdAt: placed.createdAt,
    });
    expect(charged?.set).toBeUndefined();
    expect(confirmed?.set).toEqual({ status: "confirmed", payment: { id: "pay", status: "completed" } });
    expect(JSON.stringify(historyOf(life))).not.toContain("sealed");
  });
  test("tells what went away", () => {
    const held = { ...placed, holdExpiresAt: new Date(0) };
    const writes = [{ ...life[0], order: held } as (typeof life)[0], { order: placed, type: "saga.step" }];
    expect(historyOf(writes)[1]?.set).toEqual({ holdExpiresAt: null });
    expect(differences(placed, replayed(historyOf(writes)))).toEqual([]);
  });
});

describe("a difference is found:", () => {
  const history = historyOf(life);
  const found = (stored: Order, entries = history) => differences(stored, replayed(entries)).join("; ");
  test("a field of the order that was changed without a trace", () => {
    expect(found({ ...last(life), total: { amount: 1, currency: "USD" } })).toContain("total is");
    expect(found({ ...last(life), cancelReason: "why" })).toContain("cancelReason is");
  });
  test("an entry that is missing", () => {
    expect(found(last(life), history.toSpliced(1, 1))).toContain("entry 2 is missing");
  });
  test("a move that is not legal", () => {
    const wild = [...history, { seq: 4, type: "saga.step", data: {}, set: { status: "pending" as const } }];
    expect(found(placed, wild)).toContain("moves it from confirmed to pending");
  });
  test("news that is not true", () => {
    const told = [...history, { seq: 4, type: "order.status_changed", data: { to: "shipped" } }];
    expect(found(last(life), told)).toContain("told to be shipped, and is confirmed");
  });
});
