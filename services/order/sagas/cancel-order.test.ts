import { expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance, newSaga, type SagaTransition } from "@shop/kit/saga/engine";
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
const start = advance(cancelOrder, confirmed, newSaga(cancelOrder, "c"), { kind: "start" }) as SagaTransition<Order>;
const answered = (at: SagaTransition<Order>, type: string, data: object, sagaid = "c") =>
  advance(cancelOrder, at.aggregate, at.state, { kind: "message", message: { type, sagaid, data } as Message });
const given = (...answers: [string, object][]) =>
  answers.reduce((at, [type, data]) => answered(at, type, data) as SagaTransition<Order>, start);
const voided = ["payment.voided", { paymentId: "p" }] as [string, object];
const released = ["inventory.updated", { change: "released" }] as [string, object];

test("a confirmed order is no longer shipped, and its money is asked for by the payment's id", () => {
  expect(start.aggregate.status).toBe("cancelling");
  const data = { orderId: "o", paymentId: "p", reason: "order.cancel_requested" };
  expect(start.drafts).toEqual([{ type: "payment.void", data, sagaid: "c" }]);
});
test("money back → the goods are taken back, not before", () => {
  const at = given(voided);
  expect(at.drafts).toEqual([{ type: "inventory.release", data: { orderId: "o" }, sagaid: "c" }]);
  expect(at.aggregate).toMatchObject({ status: "cancelling", payment: { id: "p", status: "voided" } });
});
test("goods back → cancelled, and its owner is told", () => {
  const at = given(voided, released);
  expect(at.drafts.map((draft) => draft.type)).toEqual(["order.cancelled"]);
  expect(at.aggregate).toMatchObject({ status: "cancelled", cancelReason: "order.cancel_requested" });
  expect(at.state.status).toBe("completed");
});
test("there is no way back: without an answer in time it is parked, another wish to stop changes nothing", () => {
  for (const { aggregate, state } of [start, given(voided)]) {
    const parked = advance(cancelOrder, aggregate, state, { kind: "timeout", code: "late" });
    expect(parked).toMatchObject({ aggregate, state: { ...state, stuck: "late" }, drafts: [] });
    expect(advance(cancelOrder, aggregate, state, { kind: "abort", code: "asked" })).toBeUndefined();
  }
});
test("what is no answer changes nothing: another saga's, the next step's, a stock level that falls", () => {
  expect(answered(start, ...voided, "place-order's")).toBeUndefined();
  expect(answered(start, ...released)).toBeUndefined();
  expect(answered(given(voided), "inventory.updated", { change: "low" })).toBeUndefined();
});
