import { describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { pendingCommand } from "@shop/kit/saga/engine";
import type { NewPayment } from "../domain/payment";
import { isDue, type Payment } from "../domain/payment";
import { conclude, type Moved, payOrder, proceed, startPaying } from "./pay-order";

const wanted: NewPayment = {
  id: "p",
  orderId: "o",
  userId: "u",
  sagaId: "s",
  provider: "stripe",
  amount: { amount: 1999, currency: "USD" },
  status: "pending",
  desired: "captured",
  observed: "nothing",
  sealedToken: "jwe",
};
const begun = startPaying(wanted);
const stored = { ...begun.payment, attempts: 0, createdAt: new Date(0), updatedAt: new Date(0) };
const start: Moved = { payment: stored, drafts: begun.drafts };
const told = (at: Moved, type: string, data: object, sagaid = "s") =>
  proceed(at.payment, { kind: "message", message: { type, sagaid, data } as Message });
const given = (at: Moved, type: string, data: object) => told(at, type, data) as Moved;
const ended = (at: Moved, over: Partial<Payment>) => conclude(at.payment, { ...at.payment, ...over });
const types = ({ drafts }: Moved) => drafts.map((draft) => draft.type);

const paying = given(start, "order.status_changed", { to: "paying" });
const taken = ended(paying, { status: "completed", observed: "succeeded" });
const declined = ended(paying, { status: "failed", failureCode: "payment.declined.lost_card" });
const refused = ["order.payment_refused", { code: "order.hold_expired" }] as const;

describe("paying for an order", () => {
  test("asks order first, and takes no money before it has begun", () => {
    expect(start.drafts).toEqual([{ type: "order.begin", data: { orderId: "o", paymentId: "p" }, sagaid: "s" }]);
    expect(isDue(start.payment)).toBe(false);
  });
  test("begun → the money may be taken, and nobody is asked meanwhile", () => {
    expect(paying.drafts).toEqual([]);
    expect(isDue(paying.payment)).toBe(true);
    expect(paying.payment.saga && pendingCommand(payOrder, paying.payment, paying.payment.saga)).toBeUndefined();
  });
  test("refused → failed with order's code, without its token, and nothing to undo", () => {
    const end = given(start, ...refused);
    expect(end.payment).toMatchObject({ status: "failed", failureCode: "order.hold_expired", sealedToken: undefined });
    expect(end.payment.saga?.status).toBe("compensated");
    expect(types(end)).toEqual(["payment.failed"]);
  });
  test("money taken → told, and order is asked to confirm", () => {
    expect(types(taken)).toEqual(["payment.processed", "order.settle"]);
    expect(isDue(taken.payment)).toBe(false);
  });
  test("money refused → told, and order is asked to go on without it", () => {
    expect(types(declined)).toEqual(["payment.failed", "order.abandon"]);
    expect(declined.drafts[1]).toMatchObject({ data: { code: "payment.declined.lost_card" }, sagaid: "s" });
  });
  test.each([
    ["order.status_changed", { to: "confirmed" }],
    ["order.payment_refused", { code: "order.cancel_requested" }],
  ])("settled by %s", (type, data) => {
    const end = given(taken, type, data);
    expect(end.payment).toMatchObject({ status: "completed", saga: { status: "completed" } });
    expect(end.drafts).toEqual([]);
  });
  test.each([
    ["order.payment_refused", { code: "payment.declined.lost_card" }],
    ["order.status_changed", { to: "awaiting_payment" }],
  ])("abandoned by %s", (type, data) => {
    const end = given(declined, type, data);
    expect(end.payment).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.lost_card",
      saga: { status: "compensated" },
    });
  });
  test("money given back while it is awaited: order goes on without it", () => {
    const voided = ended(paying, { status: "voided", desired: "released" });
    expect(types(voided)).toEqual(["payment.voided", "order.abandon"]);
  });
  test("money given back after it was taken moves nothing: order, which wanted that, is still to answer", () => {
    const voided = ended(taken, { status: "voided", desired: "released" });
    expect(types(voided)).toEqual(["payment.voided"]);
    expect(voided.payment.saga).toMatchObject({ status: "running", step: "settle" });
  });
});

describe("what is no answer changes nothing", () => {
  test("another saga's, an earlier step's, a parcel's", () => {
    expect(told(start, "order.status_changed", { to: "paying" }, "other")).toBeUndefined();
    expect(told(paying, "order.status_changed", { to: "paying" })).toBeUndefined();
    expect(told(taken, "order.status_changed", { to: "paying" })).toBeUndefined();
    expect(told(start, "order.status_changed", { to: "shipped" })).toBeUndefined();
    expect(told(given(start, ...refused), "order.status_changed", { to: "paying" })).toBeUndefined();
  });
  test("a payment that order itself asked for has no saga here", () => {
    const { saga: _, ...charged } = stored;
    expect(
      proceed(charged, { kind: "message", message: { type: refused[0], sagaid: "s" } as Message }),
    ).toBeUndefined();
    expect(types(conclude(charged, { ...charged, status: "completed" }))).toEqual(["payment.processed"]);
  });
});
