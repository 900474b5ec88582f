import { describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { pendingCommand } from "@shop/kit/saga/engine";
import { isDue, newPayment, type Payment } from "../domain/payment";
import { conclude, type PaymentTransition, payOrder, proceed, startPaying } from "./pay-order";

const requested = newPayment({
  id: "p",
  orderId: "o",
  userId: "u",
  sagaId: "s",
  provider: "stripe",
  amount: { amount: 1999, currency: "USD" },
  sealedToken: "jwe",
});
const { payment, drafts } = startPaying(requested);
const stored = { ...payment, attempts: 0, createdAt: new Date(0), updatedAt: new Date(0) };
const started: PaymentTransition = { payment: stored, drafts };

const receive = (at: PaymentTransition, type: string, data: object, sagaid = "s") =>
  proceed(at.payment, { kind: "message", message: { type, sagaid, data } as Message });
const afterReply = (at: PaymentTransition, type: string, data: object) => receive(at, type, data) as PaymentTransition;
const afterCharge = (at: PaymentTransition, changes: Partial<Payment>) =>
  conclude(at.payment, { ...at.payment, ...changes });
const types = ({ drafts }: PaymentTransition) => drafts.map((draft) => draft.type);

const begun = afterReply(started, "order.status_changed", { to: "paying" });
const charged = afterCharge(begun, { status: "completed", observed: "succeeded" });
const declined = afterCharge(begun, { status: "failed", failureCode: "payment.declined.lost_card" });
const refusal = ["order.payment_refused", { code: "order.hold_expired" }] as const;

describe("the pay-order saga", () => {
  test("sends order.begin first, and no money may be taken yet", () => {
    expect(started.drafts).toEqual([{ type: "order.begin", data: { orderId: "o", paymentId: "p" }, sagaid: "s" }]);
    expect(isDue(started.payment)).toBe(false);
  });
  test("makes the payment due when order has begun it, and has no command to retry", () => {
    expect(begun.drafts).toEqual([]);
    expect(isDue(begun.payment)).toBe(true);
    expect(begun.payment.saga && pendingCommand(payOrder, begun.payment, begun.payment.saga)).toBeUndefined();
  });
  test("fails the payment with order's code when order refuses, removes the token and compensates nothing", () => {
    const end = afterReply(started, ...refusal);
    expect(end.payment).toMatchObject({ status: "failed", failureCode: "order.hold_expired", sealedToken: undefined });
    expect(end.payment.saga?.status).toBe("compensated");
    expect(types(end)).toEqual(["payment.failed"]);
  });
  test("sends order.settle when the money is captured", () => {
    expect(types(charged)).toEqual(["payment.processed", "order.settle"]);
    expect(isDue(charged.payment)).toBe(false);
  });
  test("sends order.abandon when the card is declined", () => {
    expect(types(declined)).toEqual(["payment.failed", "order.abandon"]);
    expect(declined.drafts[1]).toMatchObject({ data: { code: "payment.declined.lost_card" }, sagaid: "s" });
  });
  test.each([
    ["order.status_changed", { to: "confirmed" }],
    ["order.payment_refused", { code: "order.cancel_requested" }],
  ])("completes when order.settle is answered by %s", (type, data) => {
    const end = afterReply(charged, type, data);
    expect(end.payment).toMatchObject({ status: "completed", saga: { status: "completed" } });
    expect(end.drafts).toEqual([]);
  });
  test.each([
    ["order.payment_refused", { code: "payment.declined.lost_card" }],
    ["order.status_changed", { to: "awaiting_payment" }],
  ])("is compensated when order.abandon is answered by %s", (type, data) => {
    const end = afterReply(declined, type, data);
    expect(end.payment).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.lost_card",
      saga: { status: "compensated" },
    });
  });
  test("sends order.abandon when the payment is voided during the charge", () => {
    const voided = afterCharge(begun, { status: "voided", desired: "released" });
    expect(types(voided)).toEqual(["payment.voided", "order.abandon"]);
  });
  test("still awaits order's reply when the payment is voided after the capture", () => {
    const voided = afterCharge(charged, { status: "voided", desired: "released" });
    expect(types(voided)).toEqual(["payment.voided"]);
    expect(voided.payment.saga).toMatchObject({ status: "running", step: "settle" });
  });
});

describe("an event that is not a reply to the current step", () => {
  test("changes nothing: another saga's, an earlier step's, or another status change", () => {
    expect(receive(started, "order.status_changed", { to: "paying" }, "other")).toBeUndefined();
    expect(receive(begun, "order.status_changed", { to: "paying" })).toBeUndefined();
    expect(receive(charged, "order.status_changed", { to: "paying" })).toBeUndefined();
    expect(receive(started, "order.status_changed", { to: "shipped" })).toBeUndefined();
    const refused = afterReply(started, ...refusal);
    expect(receive(refused, "order.status_changed", { to: "paying" })).toBeUndefined();
  });
  test("changes nothing in a payment that order asked for, which has no saga here", () => {
    const { saga: _, ...withoutSaga } = stored;
    expect(
      proceed(withoutSaga, { kind: "message", message: { type: refusal[0], sagaid: "s" } as Message }),
    ).toBeUndefined();
    expect(types(conclude(withoutSaga, { ...withoutSaga, status: "completed" }))).toEqual(["payment.processed"]);
  });
});
