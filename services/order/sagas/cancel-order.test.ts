import { expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import { openOrder } from "../domain/new-order";
import type { Order } from "../domain/order";
import { lamp } from "../testing/order-service";
import { cancelOrder } from "./cancel-order";

const placed = openOrder(
  {
    userId: "u",
    items: [{ productId: lamp.id, quantity: 2 }],
    paymentMethod: { provider: "stripe", sealedToken: "x" },
  },
  [lamp],
  "o",
  new Date(0),
);
const confirmed: Order = { ...placed, status: "confirmed", payment: { id: "p", status: "completed" } };
const started = advance(cancelOrder, confirmed, newSaga(cancelOrder, "c"), { kind: "start" }) as SagaTransition<Order>;
const reply = (before: SagaTransition<Order>, type: string, data: object, sagaid = "c") =>
  advance(cancelOrder, before.aggregate, before.state, {
    kind: "message",
    message: { type, sagaid, data } as Message,
  });
const after = (...replies: [string, object][]) =>
  replies.reduce((before, [type, data]) => reply(before, type, data) as SagaTransition<Order>, started);
const voided = ["payment.voided", { paymentId: "p" }] as [string, object];
const released = ["inventory.updated", { change: "released" }] as [string, object];

test("start → shipping is blocked and the payment is voided by its id", () => {
  expect(started.aggregate.status).toBe("cancelling");
  const data = { orderId: "o", paymentId: "p", reason: "order.cancel_requested" };
  expect(started.drafts).toEqual([{ type: "payment.void", data, sagaid: "c" }]);
});
test("payment voided → the stock is released, and not before", () => {
  const next = after(voided);
  expect(next.drafts).toEqual([{ type: "inventory.release", data: { orderId: "o" }, sagaid: "c" }]);
  expect(next.aggregate).toMatchObject({ status: "cancelling", payment: { id: "p", status: "voided" } });
});
test("stock released → the order is cancelled, with an event", () => {
  const next = after(voided, released);
  expect(next.drafts.map((draft) => draft.type)).toEqual(["order.cancelled"]);
  expect(next.aggregate).toMatchObject({ status: "cancelled", cancelReason: "order.cancel_requested" });
  expect(next.state.status).toBe("completed");
});
test("no step is compensated: a timeout parks the saga, an abort changes nothing", () => {
  for (const { aggregate, state } of [started, after(voided)]) {
    const parked = advance(cancelOrder, aggregate, state, { kind: "timeout", code: "late" });
    expect(parked).toMatchObject({ aggregate, state: { ...state, stuck: "late" }, drafts: [] });
    expect(advance(cancelOrder, aggregate, state, { kind: "abort", code: "asked" })).toBeUndefined();
  }
});
test("an event that is not a reply changes nothing: another saga's, a later step's, a low stock level", () => {
  expect(reply(started, ...voided, "place-order's")).toBeUndefined();
  expect(reply(started, ...released)).toBeUndefined();
  expect(reply(after(voided), "inventory.updated", { change: "low" })).toBeUndefined();
});
