import { expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import { openOrder } from "../domain/new-order";
import type { Order } from "../domain/order";
import { lamp } from "../testing/order-service";
import { placeOrder } from "./place-order";

const order = openOrder(
  {
    userId: "u",
    items: [{ productId: lamp.id, quantity: 2 }],
    paymentMethod: { provider: "stripe", sealedToken: "jwe" },
  },
  [lamp],
  "o",
  new Date(0),
);
const started = advance(placeOrder, order, newSaga(placeOrder, "s"), { kind: "start" }) as SagaTransition<Order>;
const after = (...replies: [string, object][]) =>
  replies.reduce((before, [type, data]) => {
    const message = { type, sagaid: "s", data } as Message;
    return advance(placeOrder, before.aggregate, before.state, { kind: "message", message }) as SagaTransition<Order>;
  }, started);
const timeOut = ({ aggregate, state }: SagaTransition<Order>) =>
  advance(placeOrder, aggregate, state, { kind: "timeout", code: "late" }) as SagaTransition<Order>;
const types = (transition: SagaTransition<Order>) => transition.drafts.map((draft) => draft.type);
const reserved = ["inventory.updated", { change: "reserved" }] as [string, object];
const processed = ["payment.processed", { paymentId: "p" }] as [string, object];
const declined = ["payment.failed", { paymentId: "p", code: "payment.declined.generic_decline" }] as [string, object];
const released = ["inventory.updated", { change: "released" }] as [string, object];

test("start → the stock is reserved", () => {
  expect(types(started)).toEqual(["order.created", "inventory.reserve"]);
});
test("stock reserved → the charge, stored without the token", () => {
  const next = after(reserved);
  expect(next.drafts).toEqual([{ type: "payment.charge", data: { orderId: "o" }, sagaid: "s" }]);
  expect(next.aggregate.status).toBe("pending");
});
test("charge succeeded → confirmed, and the token is removed", () => {
  const next = after(reserved, processed);
  expect(types(next)).toEqual(["order.confirmed"]);
  expect(next.aggregate).toMatchObject({ status: "confirmed", payment: { id: "p", status: "completed" } });
  expect(next.aggregate.paymentMethod).toEqual({ provider: "stripe" });
});
test("charge declined → the stock is released, then the order is cancelled with the reason", () => {
  const compensating = after(reserved, declined);
  expect(types(compensating)).toEqual(["inventory.release"]);
  expect(compensating.aggregate).toMatchObject({ status: "pending", paymentMethod: { provider: "stripe" } });
  const end = after(reserved, declined, released);
  expect(types(end)).toEqual(["order.cancelled"]);
  expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "payment.declined.generic_decline" });
});
test("reservation rejected → cancelled at once, with nothing to release", () => {
  const end = after(["inventory.updated", { change: "rejected", code: "inventory.out_of_stock" }]);
  expect(types(end)).toEqual(["order.cancelled"]);
  expect(end.state.status).toBe("compensated");
});
test("a low stock level is not a reply", () => {
  const message = { type: "inventory.updated", sagaid: "s", data: { change: "low" } } as Message;
  expect(advance(placeOrder, started.aggregate, started.state, { kind: "message", message })).toBeUndefined();
});
test("reservation timed out → the stock is released, in case it was reserved", () => {
  expect(types(timeOut(started))).toEqual(["inventory.release"]);
});
test("charge timed out → the saga is parked, because the charge may have succeeded", () => {
  const charging = after(reserved);
  const parked = timeOut(charging);
  expect(parked.state.stuck).toBe("late");
  expect(parked.drafts).toEqual([]);
  expect(parked.aggregate).toEqual(charging.aggregate);
});
