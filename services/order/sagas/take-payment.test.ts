import { describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance, hasEnded, type SagaTransition } from "@shop/kit/saga/engine";
import { decideCancel } from "../commands/cancel-order";
import { decideExpiry } from "../commands/expire-holds";
import { decideAbandon, decideBegin, decideSettle } from "../commands/take-payment";
import { openOrder } from "../domain/new-order";
import type { Order } from "../domain/order";
import { lamp } from "../testing/order-service";
import { placeUnpaidOrder } from "./place-order";
import { sagaOf } from "./registry";

type At = SagaTransition<Order>;
const soon = new Date(60_000);
const open = openOrder(
  { userId: "u", items: [{ productId: lamp.id, quantity: 2 }], holdExpiresAt: soon },
  [lamp],
  "o",
  new Date(0),
);
const ids = (paymentId: string) => ({ orderId: "o", paymentId });
const message = (type: string, sagaid: string, data: object = {}) => ({ type, sagaid, data }) as Message;
const at = ({ aggregate, state }: At) => ({ order: aggregate, saga: state });
const types = ({ drafts }: At) => drafts.map((draft) => draft.type);

const answered = (before: At, type: string, data: object, sagaid = before.state.id): At =>
  advance(sagaOf(before.state), before.aggregate, before.state, {
    kind: "message",
    message: message(type, sagaid, data),
  }) as At;
const start = advance(
  placeUnpaidOrder,
  open,
  { id: "place", name: placeUnpaidOrder.name, status: "running", step: "", outputs: {} },
  { kind: "start" },
) as At;
const waiting = answered(start, "inventory.updated", { change: "reserved" });
const begin = (before: At, payment = "p", saga = "pay", now = new Date(0)) =>
  decideBegin(at(before), ids(payment), { sagaid: saga }, now) as At;
const pinned = (before: At) => answered(before, "inventory.updated", { change: "reserved" });
const paying = pinned(begin(waiting));
const settle = (before: At, payment = "p", saga = "pay") =>
  decideSettle(at(before), ids(payment), message("order.settle", saga, ids(payment))) as At;
const abandon = (before: At, mayTryAgain = false, payment = "p", saga = "pay") => {
  const data = { ...ids(payment), code: "payment.declined" };
  return decideAbandon(at(before), data, message("order.abandon", saga, data), () => mayTryAgain) as At;
};

describe("an order without a payment method", () => {
  test("has its stock held for a while, and then waits", () => {
    expect(start.drafts[1]).toMatchObject({ type: "inventory.reserve", data: { expiresAt: soon.toISOString() } });
    expect(waiting.aggregate.status).toBe("awaiting_payment");
    expect(hasEnded(waiting.state)).toBe(true);
  });
  test("is cancelled when its time is over, not before, and nobody at payment hears of it", () => {
    expect(decideExpiry(at(waiting), "e", new Date(59_999))).toBeUndefined();
    const over = decideExpiry(at(waiting), "e", soon) as At;
    expect(over.aggregate.status).toBe("cancelling");
    expect(types(over)).toEqual(["inventory.release"]);
    const end = answered(over, "inventory.updated", { change: "released" });
    expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "order.hold_expired" });
    expect(end.drafts[0]).toMatchObject({ type: "order.cancelled", data: { reason: "order.hold_expired" } });
  });
  test("is cancelled at once when its owner wants that", () => {
    const gone = decideCancel(at(waiting), "c", new Date(0)) as At;
    expect(gone.aggregate.status).toBe("cancelling");
    expect(types(gone)).toEqual(["inventory.release"]);
    expect(begin(gone).drafts[0]).toMatchObject({ type: "order.payment_refused", data: { code: "order.cancelled" } });
  });
});

describe("a payment that begins", () => {
  test("has the stock pinned first; then payment is told that it may", () => {
    const begun = begin(waiting);
    expect(begun.aggregate).toMatchObject({ status: "paying", payment: { id: "p", status: "pending" } });
    expect(begun.drafts).toEqual([
      {
        type: "inventory.reserve",
        data: { orderId: "o", items: [{ productId: lamp.id, quantity: 2 }] },
        sagaid: "pay",
      },
    ]);
    expect(paying.drafts).toEqual([
      {
        type: "order.status_changed",
        data: { orderId: "o", userId: "u", from: "awaiting_payment", to: "paying" },
        sagaid: "pay",
      },
    ]);
  });
  test("begins once, however often it asks", () => {
    for (const before of [begin(waiting), paying, settle(paying), abandon(paying)])
      expect(begin(before)).toBeUndefined();
    const taken = decideCancel(at(settle(paying)), "c", new Date(0)) as At;
    expect(begin(taken)).toBeUndefined();
  });
  test("keeps the hold from running out: of the two one is first", () => {
    expect(decideExpiry(at(begin(waiting)), "e", soon)).toBeUndefined();
    const over = decideExpiry(at(waiting), "e", soon) as At;
    expect(begin(over).drafts).toEqual([
      { type: "order.payment_refused", data: { ...ids("p"), code: "order.hold_expired" }, sagaid: "pay" },
    ]);
    expect(begin(waiting, "p", "pay", soon).drafts[0]).toMatchObject({ data: { code: "order.hold_expired" } });
  });
  test("too late for the stock ends the order, with nothing to release", () => {
    const end = answered(begin(waiting), "inventory.updated", { change: "rejected", code: "inventory.out_of_stock" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(end.drafts[1]).toMatchObject({ data: { code: "order.hold_expired" } });
    expect(end.aggregate).toMatchObject({ cancelReason: "order.hold_expired", payment: { status: "failed" } });
  });
  test("while another one is being made is refused, then and whenever it asks again", () => {
    const refused = begin(paying, "q", "other");
    expect(refused.drafts[0]).toMatchObject({
      type: "order.payment_refused",
      data: { paymentId: "q", code: "order.being_paid" },
      sagaid: "other",
    });
    const again = abandon(refused, true);
    expect(again.aggregate).toMatchObject({ status: "awaiting_payment", refusedPayments: ["q", "p"] });
    expect(begin(again, "q", "other")).toBeUndefined();
  });
});

describe("money that came", () => {
  const confirmed = settle(paying);
  test("confirms the order, and tells payment", () => {
    expect(types(confirmed)).toEqual(["order.confirmed", "order.status_changed"]);
    expect(confirmed.drafts[1]).toMatchObject({ data: { from: "paying", to: "confirmed" }, sagaid: "pay" });
    expect(confirmed.aggregate).toMatchObject({ status: "confirmed", payment: { id: "p", status: "completed" } });
  });
  test("changes nothing when it is said again, also once the order is being cancelled", () => {
    expect(settle(confirmed)).toBeUndefined();
    expect(settle(decideCancel(at(confirmed), "c", new Date(0)) as At)).toBeUndefined();
  });
  test("of a payment that is not the order's is nobody's to settle", () => {
    expect(() => settle(confirmed, "q", "other")).toThrow("is not paid by");
  });
  test("for an order that its owner wants cancelled is given back, then the stock, then payment is told", () => {
    const wished = decideCancel(at(paying), "c", new Date(0)) as At;
    expect(wished.aggregate.status).toBe("paying");
    const back = settle(wished);
    expect(back.drafts).toEqual([
      { type: "payment.void", data: { ...ids("p"), reason: "order.cancel_requested" }, sagaid: "pay" },
    ]);
    expect(settle(back)).toBeUndefined();
    const stock = answered(back, "payment.voided", ids("p"));
    expect(types(stock)).toEqual(["inventory.release"]);
    const end = answered(stock, "inventory.updated", { change: "released" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(end.aggregate).toMatchObject({ status: "cancelled", payment: { status: "voided" } });
    expect(settle(end)).toBeUndefined();
  });
});

describe("money that did not come", () => {
  test("cancels the order once its stock is back, with the reason", () => {
    const gone = abandon(paying);
    expect(types(gone)).toEqual(["inventory.release"]);
    expect(abandon(gone)).toBeUndefined();
    const end = answered(gone, "inventory.updated", { change: "released" });
    expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "payment.declined" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(abandon(end)).toBeUndefined();
  });
  test("lets its owner try again where that is allowed, but not that payment", () => {
    const again = abandon(paying, true);
    expect(again.aggregate).toMatchObject({ status: "awaiting_payment", refusedPayments: ["p"] });
    expect(again.drafts).toMatchObject([{ type: "order.status_changed", data: { to: "awaiting_payment" } }]);
    expect(begin(again)).toBeUndefined();
    expect(abandon(again)).toBeUndefined();
    expect(types(settle(pinned(begin(again, "q", "second")), "q", "second"))).toContain("order.confirmed");
    expect(decideExpiry(at(again), "e", soon)?.aggregate.status).toBe("cancelling");
  });
  test("for an order that its owner wants cancelled is not tried again", () => {
    const wished = decideCancel(at(paying), "c", new Date(0)) as At;
    expect(types(abandon(wished, true))).toEqual(["inventory.release"]);
  });
  test("before it was ever asked for is remembered: the late question is not heard", () => {
    const stone = abandon(waiting);
    expect(types(stone)).toEqual(["order.payment_refused"]);
    expect(begin(stone)).toBeUndefined();
  });
});
