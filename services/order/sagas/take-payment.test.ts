import { describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, hasEnded, newSaga } from "@shop/kit/saga/engine";
import { decideAbandon } from "../commands/abandon-payment";
import { decideBegin } from "../commands/begin-payment";
import { decideCancel } from "../commands/cancel-order";
import { decideExpiry } from "../commands/expire-holds";
import { decideSettle } from "../commands/settle-payment";
import { openOrder } from "../domain/new-order";
import type { Order } from "../domain/order";
import { lamp } from "../testing/order-service";
import { placeUnpaidOrder } from "./place-order";
import { findSaga } from "./registry";

type Transition = SagaTransition<Order>;
const holdExpiresAt = new Date(60_000);
const order = openOrder(
  { userId: "u", items: [{ productId: lamp.id, quantity: 2 }], holdExpiresAt },
  [lamp],
  "o",
  new Date(0),
);
const ids = (paymentId: string) => ({ orderId: "o", paymentId });
const message = (type: string, sagaid: string, data: object = {}) => ({ type, sagaid, data }) as Message;
const toOrderAndSaga = ({ aggregate, state }: Transition) => ({ order: aggregate, saga: state });
const types = ({ drafts }: Transition) => drafts.map((draft) => draft.type);

const reply = (before: Transition, type: string, data: object, sagaid = before.state.id): Transition =>
  advance(findSaga(before.state), before.aggregate, before.state, {
    kind: "message",
    message: message(type, sagaid, data),
  }) as Transition;
const begin = (before: Transition, payment = "p", saga = "pay", now = new Date(0)) =>
  decideBegin(toOrderAndSaga(before), ids(payment), { sagaid: saga }, now) as Transition;
const pin = (before: Transition) => reply(before, "inventory.updated", { change: "reserved" });
const settle = (before: Transition, payment = "p", saga = "pay") =>
  decideSettle(toOrderAndSaga(before), ids(payment), message("order.settle", saga, ids(payment))) as Transition;
const abandon = (before: Transition, mayRetry = false, payment = "p", saga = "pay") => {
  const data = { ...ids(payment), code: "payment.declined" };
  return decideAbandon(
    toOrderAndSaga(before),
    data,
    message("order.abandon", saga, data),
    () => mayRetry,
  ) as Transition;
};
const expire = (before: Transition, now = holdExpiresAt) => decideExpiry(toOrderAndSaga(before), "e", now);
const cancel = (before: Transition) => decideCancel(toOrderAndSaga(before), "c", new Date(0)) as Transition;

const placed = advance(placeUnpaidOrder, order, newSaga(placeUnpaidOrder, "place"), { kind: "start" }) as Transition;
const awaiting = reply(placed, "inventory.updated", { change: "reserved" });
const paying = pin(begin(awaiting));

describe("an order without a payment method", () => {
  test("has its stock reserved until the hold expires, and then awaits payment", () => {
    expect(placed.drafts[1]).toMatchObject({
      type: "inventory.reserve",
      data: { expiresAt: holdExpiresAt.toISOString() },
    });
    expect(awaiting.aggregate.status).toBe("awaiting_payment");
    expect(hasEnded(awaiting.state)).toBe(true);
  });
  test("is cancelled when the hold expires and not before, without a message to payment", () => {
    expect(expire(awaiting, new Date(59_999))).toBeUndefined();
    const expired = expire(awaiting) as Transition;
    expect(expired.aggregate.status).toBe("cancelling");
    expect(types(expired)).toEqual(["inventory.release"]);
    const end = reply(expired, "inventory.updated", { change: "released" });
    expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "order.hold_expired" });
    expect(end.drafts[0]).toMatchObject({ type: "order.cancelled", data: { reason: "order.hold_expired" } });
  });
  test("is cancelled at once when the owner requests it", () => {
    const cancelling = cancel(awaiting);
    expect(cancelling.aggregate.status).toBe("cancelling");
    expect(types(cancelling)).toEqual(["inventory.release"]);
    expect(begin(cancelling).drafts[0]).toMatchObject({
      type: "order.payment_refused",
      data: { code: "order.cancelled" },
    });
  });
});

describe("a payment that begins", () => {
  test("pins the stock first; then the payment service may charge", () => {
    const begun = begin(awaiting);
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
  test("begins once, however often the command is repeated", () => {
    for (const before of [begin(awaiting), paying, settle(paying), abandon(paying)])
      expect(begin(before)).toBeUndefined();
    expect(begin(cancel(settle(paying)))).toBeUndefined();
  });
  test("races with hold expiry; exactly one wins", () => {
    expect(expire(begin(awaiting))).toBeUndefined();
    const expired = expire(awaiting) as Transition;
    expect(begin(expired).drafts).toEqual([
      { type: "order.payment_refused", data: { ...ids("p"), code: "order.hold_expired" }, sagaid: "pay" },
    ]);
    expect(begin(awaiting, "p", "pay", holdExpiresAt).drafts[0]).toMatchObject({
      data: { code: "order.hold_expired" },
    });
  });
  test("cancels the order if inventory's hold has lapsed already, with nothing to release", () => {
    const end = reply(begin(awaiting), "inventory.updated", { change: "rejected", code: "inventory.out_of_stock" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(end.drafts[1]).toMatchObject({ data: { code: "order.hold_expired" } });
    expect(end.aggregate).toMatchObject({ cancelReason: "order.hold_expired", payment: { status: "failed" } });
  });
  test("while another payment is in progress is refused, and stays refused when the command is repeated", () => {
    const refused = begin(paying, "q", "other");
    expect(refused.drafts[0]).toMatchObject({
      type: "order.payment_refused",
      data: { paymentId: "q", code: "order.being_paid" },
      sagaid: "other",
    });
    const abandoned = abandon(refused, true);
    expect(abandoned.aggregate).toMatchObject({ status: "awaiting_payment", refusedPayments: ["q", "p"] });
    expect(begin(abandoned, "q", "other")).toBeUndefined();
  });
});

describe("a payment that succeeds", () => {
  const confirmed = settle(paying);
  test("confirms the order and answers the payment service", () => {
    expect(types(confirmed)).toEqual(["order.confirmed", "order.status_changed"]);
    expect(confirmed.drafts[1]).toMatchObject({ data: { from: "paying", to: "confirmed" }, sagaid: "pay" });
    expect(confirmed.aggregate).toMatchObject({ status: "confirmed", payment: { id: "p", status: "completed" } });
  });
  test("changes nothing when the command is repeated, even while the order is being cancelled", () => {
    expect(settle(confirmed)).toBeUndefined();
    expect(settle(cancel(confirmed))).toBeUndefined();
  });
  test("but is not the order's payment is an error", () => {
    expect(() => settle(confirmed, "q", "other")).toThrow("payment q must be the payment of order o");
  });
  test("after a cancellation request is voided, then the stock is released, then the payment service is answered", () => {
    const cancelRequested = cancel(paying);
    expect(cancelRequested.aggregate.status).toBe("paying");
    const voiding = settle(cancelRequested);
    expect(voiding.drafts).toEqual([
      { type: "payment.void", data: { ...ids("p"), reason: "order.cancel_requested" }, sagaid: "pay" },
    ]);
    expect(settle(voiding)).toBeUndefined();
    const releasing = reply(voiding, "payment.voided", ids("p"));
    expect(types(releasing)).toEqual(["inventory.release"]);
    const end = reply(releasing, "inventory.updated", { change: "released" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(end.aggregate).toMatchObject({ status: "cancelled", payment: { status: "voided" } });
    expect(settle(end)).toBeUndefined();
  });
});

describe("a payment that fails", () => {
  test("cancels the order with the reason, once its stock is released", () => {
    const releasing = abandon(paying);
    expect(types(releasing)).toEqual(["inventory.release"]);
    expect(abandon(releasing)).toBeUndefined();
    const end = reply(releasing, "inventory.updated", { change: "released" });
    expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "payment.declined" });
    expect(types(end)).toEqual(["order.cancelled", "order.payment_refused"]);
    expect(abandon(end)).toBeUndefined();
  });
  test("lets another payment begin where a retry is allowed, but not the same one", () => {
    const abandoned = abandon(paying, true);
    expect(abandoned.aggregate).toMatchObject({ status: "awaiting_payment", refusedPayments: ["p"] });
    expect(abandoned.drafts).toMatchObject([{ type: "order.status_changed", data: { to: "awaiting_payment" } }]);
    expect(begin(abandoned)).toBeUndefined();
    expect(abandon(abandoned)).toBeUndefined();
    expect(types(settle(pin(begin(abandoned, "q", "second")), "q", "second"))).toContain("order.confirmed");
    expect(expire(abandoned)?.aggregate.status).toBe("cancelling");
  });
  test("after a cancellation request is not retried", () => {
    expect(types(abandon(cancel(paying), true))).toEqual(["inventory.release"]);
  });
  test("before it has begun is remembered: a late order.begin is ignored", () => {
    const refused = abandon(awaiting);
    expect(types(refused)).toEqual(["order.payment_refused"]);
    expect(begin(refused)).toBeUndefined();
  });
});
