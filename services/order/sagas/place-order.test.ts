import { expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance, newSaga, type SagaTransition } from "@shop/kit/saga/engine";
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
const start = advance(placeOrder, order, newSaga(placeOrder, "s"), { kind: "start" }) as SagaTransition<Order>;
const given = (...answers: [string, object][]) =>
  answers.reduce((at, [type, data]) => {
    const message = { type, sagaid: "s", data } as Message;
    return advance(placeOrder, at.aggregate, at.state, { kind: "message", message }) as SagaTransition<Order>;
  }, start);
const types = (at: SagaTransition<Order>) => at.drafts.map((draft) => draft.type);
const reserved = ["inventory.updated", { change: "reserved" }] as [string, object];
const processed = ["payment.processed", { paymentId: "p" }] as [string, object];
const declined = ["payment.failed", { paymentId: "p", code: "payment.declined.generic_decline" }] as [string, object];
const released = ["inventory.updated", { change: "released" }] as [string, object];

test("a new order asks for its stock", () => {
  expect(types(start)).toEqual(["order.created", "inventory.reserve"]);
});
test("reserved stock → the charge, without the token in the message that is kept", () => {
  const at = given(reserved);
  expect(at.drafts).toEqual([{ type: "payment.charge", data: { orderId: "o" }, sagaid: "s" }]);
  expect(at.aggregate.status).toBe("pending");
});
test("money taken → confirmed, and the token is gone", () => {
  const at = given(reserved, processed);
  expect(types(at)).toEqual(["order.confirmed"]);
  expect(at.aggregate).toMatchObject({ status: "confirmed", payment: { id: "p", status: "completed" } });
  expect(at.aggregate.paymentMethod).toEqual({ provider: "stripe" });
});
test("money refused → stock given back, then cancelled with the reason", () => {
  const refused = given(reserved, declined);
  expect(types(refused)).toEqual(["inventory.release"]);
  expect(refused.aggregate).toMatchObject({ status: "pending", paymentMethod: { provider: "stripe" } });
  const end = given(reserved, declined, released);
  expect(types(end)).toEqual(["order.cancelled"]);
  expect(end.aggregate).toMatchObject({ status: "cancelled", cancelReason: "payment.declined.generic_decline" });
});
test("no stock → cancelled at once, nothing to give back", () => {
  const end = given(["inventory.updated", { change: "rejected", code: "inventory.out_of_stock" }]);
  expect(types(end)).toEqual(["order.cancelled"]);
  expect(end.state.status).toBe("compensated");
});
test("a stock level that falls is no answer", () => {
  const message = { type: "inventory.updated", sagaid: "s", data: { change: "low" } } as Message;
  expect(advance(placeOrder, start.aggregate, start.state, { kind: "message", message })).toBeUndefined();
});
test("no word from inventory → whatever it holds is given back", () => {
  const late = advance(placeOrder, start.aggregate, start.state, { kind: "timeout", code: "late" });
  expect(types(late as SagaTransition<Order>)).toEqual(["inventory.release"]);
});
test("no word from payment → parked: the money may have been taken", () => {
  const at = given(reserved);
  const parked = advance(placeOrder, at.aggregate, at.state, {
    kind: "timeout",
    code: "late",
  }) as SagaTransition<Order>;
  expect(parked.state.stuck).toBe("late");
  expect(parked.drafts).toEqual([]);
  expect(parked.aggregate).toEqual(at.aggregate);
});
