import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import type { User } from "@shop/kit/auth/access";
import { eventually } from "@shop/kit/testing/eventually";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { continueSaga } from "./continue-saga";
import { type ProcessPayment, processPayment } from "./process-payment";
import { resumePayments } from "./resume-payments";
import { askAgain } from "./retry-commands";
import { voidPayment } from "./void-payment";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

const owner = ({ userId }: Payable) => ({ id: userId, permissions: [], expiresAt: 0 });
/** Waits for nothing: what comes of it, a test says. */
const process = (order: Payable, over: Partial<ProcessPayment> = {}, user: User = owner(order)) =>
  processPayment({ ...service.deps, waitMs: 0 }, user, {
    orderId: order.orderId,
    paymentMethod: { provider: "stripe", token: "pm_card_visa" },
    ...over,
  });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "nothing thrown",
    (error) => error.code,
  );
const paymentsOf = (order: Payable) => service.deps.store.byOrder(order.orderId);
async function paymentOf(order: Payable) {
  const [payment, ...others] = await paymentsOf(order);
  if (!payment || others.length > 0) throw new Error("not one payment");
  return payment;
}
/** Order's answer, as the queue would bring it; the same message again if it is given. */
async function orderSays(order: Payable, type: "order.status_changed" | "order.payment_refused", data: object) {
  const { sagaId } = await paymentOf(order);
  const message = service.message(type, order.orderId, sagaId, data);
  await continueSaga(service.deps, message.data, message);
  return message;
}
const begins = (order: Payable) => orderSays(order, "order.status_changed", { to: "paying" });
const ledgerOf = async (order: Payable) =>
  (await service.sandbox.ledger((await paymentOf(order)).id)).map((entry) => `${entry.type} ${entry.amount}`);
const passTime = (order: Payable) =>
  service.sql`update payment set saga_wake_at = now() where order_id = ${order.orderId} and saga_wake_at is not null`;

describe("a payer who asks for a payment", () => {
  test("is heard: the payment is stored with its saga and its first message, the token sealed, nothing called", async () => {
    const order = service.newOrder();
    const payment = await process(order);
    expect(payment).toMatchObject({ status: "pending", amount: order.amount, sealedToken: "sealed(pm_card_visa)" });
    expect(payment.leaseId).toBeUndefined();
    expect(payment.saga).toMatchObject({ name: "pay-order", step: "begin" });
    expect(await service.told(order.orderId)).toEqual(["order.begin"]);
    await resumePayments(service.deps);
    expect(await ledgerOf(order)).toEqual([]);
  });
  test("is kept waiting until there is an end", async () => {
    const order = service.newOrder();
    const waits = processPayment(service.deps, owner(order), {
      orderId: order.orderId,
      paymentMethod: { provider: "stripe", token: "pm_card_visa" },
    });
    await eventually(async () => (await paymentsOf(order)).length === 1);
    await begins(order);
    expect(await waits).toMatchObject({ status: "completed" });
  });
  test("is refused for another amount, somebody else's order, and one that does not wait for it", async () => {
    const order = service.newOrder();
    for (const amount of [
      { amount: 1, currency: "USD" },
      { amount: 1999, currency: "EUR" },
    ])
      expect(await codeOf(process(order, { amount }))).toBe("payment.amount_mismatch");
    const stranger = { id: Bun.randomUUIDv7(), permissions: ["payments:read"], expiresAt: 0 };
    expect(await codeOf(process(order, {}, stranger))).toBe("order.not_found");
    expect(await codeOf(process({ ...order, orderId: Bun.randomUUIDv7() }))).toBe("order.not_found");
    for (const refusal of ["order.hold_expired", "order.something_new"])
      expect(await codeOf(process(service.newOrder({ refusal })))).toBe(refusal);
    expect(await paymentsOf(order)).toEqual([]);
    expect((await process(order, { amount: order.amount })).status).toBe("pending");
  });
  test("ten at once, without a key: one payment, the others are told so", async () => {
    const order = service.newOrder();
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(process(order))));
    expect(codes.toSorted()).toEqual(["nothing thrown", ...Array.from({ length: 9 }, () => "order.being_paid")]);
    expect(await service.told(order.orderId)).toEqual(["order.begin"]);
  });
});

describe("one idempotency key", () => {
  test("ten at once, and again when it has ended, are one payment", async () => {
    const order = service.newOrder();
    const idempotencyKey = "once";
    const answers = await Promise.all(Array.from({ length: 10 }, () => process(order, { idempotencyKey })));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    await begins(order);
    expect(await process(order, { idempotencyKey })).toMatchObject({ id: answers[0]?.id, status: "completed" });
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
  });
  test("a second time, while the first one has just made order wait for the money, is the first one's payment", async () => {
    const order = service.newOrder();
    const idempotencyKey = "between";
    let first = "";
    const payableOf = async (orderId: string) => {
      first = (await process(order, { idempotencyKey })).id;
      return { ...(await service.deps.payableOf(orderId)), refusal: "order.being_paid" };
    };
    const again = await processPayment({ ...service.deps, waitMs: 0, payableOf }, owner(order), {
      orderId: order.orderId,
      paymentMethod: { provider: "stripe", token: "pm_card_visa" },
      idempotencyKey,
    });
    expect(again.id).toBe(first);
  });
  test("another request under it is refused; another user may use the same", async () => {
    const order = service.newOrder();
    const idempotencyKey = "other";
    await process(order, { idempotencyKey });
    const others: Partial<ProcessPayment>[] = [
      { amount: order.amount },
      { orderId: service.newOrder().orderId },
      { paymentMethod: { provider: "stripe", token: "pm_card_chargeDeclined" } },
    ];
    for (const over of others)
      expect(await codeOf(process(order, { idempotencyKey, ...over }))).toBe("idempotency.key_reused");
    expect((await process(service.newOrder(), { idempotencyKey })).status).toBe("pending");
  });
  test("that was refused before anything happened can be used again", async () => {
    const order = service.newOrder();
    const idempotencyKey = "refused";
    expect(await codeOf(process(order, { idempotencyKey, amount: { amount: 1, currency: "USD" } }))).toBe(
      "payment.amount_mismatch",
    );
    expect((await process(order, { idempotencyKey })).status).toBe("pending");
  });
});

describe("order's answer", () => {
  test("begun: the money is taken once, and order told, however often it comes", async () => {
    const order = service.newOrder();
    await process(order);
    const message = await begins(order);
    await Promise.all([
      continueSaga(service.deps, message.data, message),
      ...Array.from({ length: 5 }, () => begins(order)),
    ]);
    expect(await paymentOf(order)).toMatchObject({ status: "completed", sealedToken: undefined, leaseId: undefined });
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
    expect(await service.told(order.orderId)).toEqual(["order.begin", "payment.processed", "order.settle"]);
    await orderSays(order, "order.status_changed", { to: "confirmed" });
    expect((await paymentOf(order)).saga?.status).toBe("completed");
  });
  test("begun, five times at once: charged once", async () => {
    const order = service.newOrder();
    await process(order);
    await Promise.all(Array.from({ length: 5 }, () => begins(order)));
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
  });
  test("begun, and the card declined: order is told to go on without it", async () => {
    const order = service.newOrder();
    await process(order, { paymentMethod: { provider: "stripe", token: "pm_card_chargeDeclined" } });
    await begins(order);
    expect(await service.told(order.orderId)).toEqual(["order.begin", "payment.failed", "order.abandon"]);
    await orderSays(order, "order.payment_refused", { code: "payment.declined.generic_decline" });
    expect(await paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.generic_decline",
      saga: { status: "compensated" },
    });
  });
  test("refused: failed without any call, and the order can be paid for anew", async () => {
    const order = service.newOrder();
    await process(order);
    await orderSays(order, "order.payment_refused", { code: "order.hold_expired" });
    expect(await paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "order.hold_expired",
      sealedToken: undefined,
      saga: { status: "compensated" },
    });
    expect(
      await service.sql`select from transaction t join payment p on p.id = payment_id where order_id = ${order.orderId}`,
    ).toHaveLength(0);
    await process(order);
    expect(await paymentsOf(order)).toHaveLength(2);
  });
  test("about a saga that is not here is none of ours", async () => {
    const order = service.newOrder();
    const message = service.message("order.status_changed", order.orderId, Bun.randomUUIDv7(), { to: "paying" });
    await continueSaga(service.deps, message.data, message);
    await continueSaga(service.deps, message.data, { ...message, sagaid: undefined });
    expect(await service.told(order.orderId)).toEqual([]);
  });
});

describe("the sweep", () => {
  test("takes up a payment whose process died once order had begun", async () => {
    const order = service.newOrder();
    const { id, sagaId } = await process(order);
    const message = service.message("order.status_changed", order.orderId, sagaId, { to: "paying" });
    const dying = {
      ...service.deps,
      gateways: {},
      store: { ...service.deps.store, save: () => Promise.reject(new Error("killed")) },
    };
    await expect(continueSaga(dying, message.data, message)).rejects.toThrow("killed");
    await continueSaga(service.deps, message.data, message);
    expect((await paymentOf(order)).status).toBe("pending");
    await service.letTimePass();
    await resumePayments(service.deps);
    expect(await paymentOf(order)).toMatchObject({ id, status: "completed" });
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
  });
  test("asks order again, less and less often, only while an answer of order's is awaited", async () => {
    const order = service.newOrder();
    await process(order);
    await askAgain(service.deps);
    expect(await service.told(order.orderId)).toEqual(["order.begin"]);
    const pauses: number[] = [];
    for (let n = 0; n < 3; n++) {
      await passTime(order);
      await askAgain(service.deps);
      const [row] = await service.sql<{ seconds: number }[]>`
        select extract(epoch from saga_wake_at - now())::float as seconds from payment where order_id = ${order.orderId}`;
      pauses.push(row?.seconds ?? 0);
      await service.sql`update payment set updated_at = updated_at - interval '20 seconds' where order_id = ${order.orderId}`;
    }
    expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
    expect(pauses[2]).toBeGreaterThan(30);
    expect(await service.told(order.orderId)).toEqual(Array.from({ length: 4 }, () => "order.begin"));
    await begins(order);
    await passTime(order);
    await askAgain(service.deps);
    expect((await service.told(order.orderId)).slice(4)).toEqual(["payment.processed", "order.settle", "order.settle"]);
    await orderSays(order, "order.status_changed", { to: "confirmed" });
    expect(await passTime(order)).toHaveLength(0);
    await askAgain(service.deps);
    expect(await service.told(order.orderId)).toHaveLength(7);
  });
});

test("a void by its own saga gives the money back once, and leaves the saga to wait for order", async () => {
  const order = service.newOrder();
  await process(order);
  await begins(order);
  const { id, sagaId } = await paymentOf(order);
  const message = service.message("payment.void", order.orderId, sagaId);
  await voidPayment(service.deps, { orderId: order.orderId, paymentId: id, reason: "order.cancel_requested" }, message);
  expect(await ledgerOf(order)).toEqual(["charge 1999", "refund 1999"]);
  expect(await paymentOf(order)).toMatchObject({ status: "voided", saga: { status: "running", step: "settle" } });
  await orderSays(order, "order.payment_refused", { code: "order.cancel_requested" });
  expect(await paymentOf(order)).toMatchObject({ status: "voided", saga: { status: "completed" } });
});
