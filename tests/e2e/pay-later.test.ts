import { afterAll, describe, expect, test } from "bun:test";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import { openAudit } from "../support/audit";
import { loadLedger } from "../support/audit/ledger";
import { eventually } from "../support/eventually";
import { awaitMail } from "../support/mail";
import {
  awaitSettled,
  awaitStatus,
  newCustomer,
  payOrder,
  placeUnpaidOrder,
  productInStock,
  readOrder,
  readProduct,
} from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

async function anUnpaidOrder(quantity = 2) {
  const customer = await newCustomer();
  const product = await productInStock();
  return { customer, product, order: await placeUnpaidOrder(customer, [{ productId: product.id, quantity }]) };
}

/** Payments of the order in the payment service's database. */
const storedPayments = (orderId: string) => audit.payments`select id from payment where order_id = ${orderId}`;

/**
 * Moves the end of the order's hold into the past: in inventory, in the order, and in the order's history, from which an
 * audit rebuilds the order.
 */
async function expireHold(orderId: string): Promise<void> {
  const past = new Date(Date.now() - 1_000);
  await audit.inventory`update reservation set expires_at = ${past} where order_id = ${orderId} and expires_at is not null`;
  await eventually(async () => {
    const stored = await audit.orders.findOne({ _id: orderId });
    return stored?.projectedSeq === stored?.lastSeq;
  });
  const filter = { arrayFilters: [{ "entry.set.holdExpiresAt": { $exists: true } }] };
  const inHistory = { "entries.$[entry].set.holdExpiresAt": past };
  await audit.orderHistory.updateOne({ _id: `${orderId}/000001` }, { $set: inHistory }, filter);
  const inOrder = { holdExpiresAt: past, "history.$[entry].set.holdExpiresAt": past };
  await audit.orders.updateOne({ _id: orderId }, { $set: inOrder }, filter);
}

describe("an order that is paid later", () => {
  test("holds its stock, and is confirmed and mailed after the payment", async () => {
    const { customer, product, order } = await anUnpaidOrder();
    expect(Date.parse(order.holdExpiresAt ?? "")).toBeGreaterThan(Date.now());
    expect((await readProduct(product.id)).available).toBe(product.available - 2);

    const paid = await payOrder(customer, order.id, { amount: order.total });
    expect(paid.status).toBe(201);
    expect(paid.headers.get("location")).toBe(`/api/v1/payments/${paid.body.id}`);
    expect(paid.body).toMatchObject({ orderId: order.id, status: "completed", amount: order.total });

    const settled = await awaitSettled(customer, order.id);
    expect(settled).toMatchObject({ status: "confirmed", payment: { id: paid.body.id, status: "completed" } });
    const payment = await api.getPayment(customer.token, paid.body.id);
    expect(payment.body).toMatchObject({ status: "completed" });
    const { items } = (await api.listPayments(customer.token, order.id)).body;
    expect(items.map(({ id }) => id)).toEqual([paid.body.id]);
    await awaitMail(customer.email, { subject: "Your order is confirmed" });
    await audit.expectConsistent([order.id]);
    expect((await readProduct(product.id)).available).toBe(product.available - 2);
    const [row] = await audit.payments`select sealed_token, saga from payment where id = ${paid.body.id}`;
    expect(row).toMatchObject({ sealed_token: null, saga: { status: "completed" } });
  });

  test("has a history of every step in order", async () => {
    const { customer, order } = await anUnpaidOrder();
    await payOrder(customer, order.id);
    const { history } = await awaitSettled(customer, order.id);
    expect(
      history.map(({ step, outcome, type, status }) => (step ? `${step} ${outcome}` : [type, status].join(" ").trim())),
    ).toEqual([
      "order done",
      "order.created",
      "inventory.reserve",
      "stock done",
      "await_payment done",
      "order.status_changed awaiting_payment",
      "order done",
      "inventory.reserve",
      "stock done",
      "order.status_changed paying",
      "payment done",
      "approve done",
      "order.confirmed",
      "order.status_changed confirmed",
    ]);
  });

  test("is cancelled and returns the stock if the card is declined", async () => {
    const { customer, product, order } = await anUnpaidOrder(3);
    const declined = await payOrder(customer, order.id, { card: testCards.declined });
    expect(declined.status).toBe(201);
    expect(declined.body).toMatchObject({ status: "failed", failureCode: "payment.declined.generic_decline" });
    expect(await awaitSettled(customer, order.id)).toMatchObject({
      status: "cancelled",
      cancelReason: "payment.declined.generic_decline",
      payment: { id: declined.body.id, status: "failed" },
    });
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    const mail = await awaitMail(customer.email, { subject: "Your order was cancelled" });
    expect(mail.text).toContain("did not go through");
    await audit.expectConsistent([order.id]);
    const late = await payOrder(customer, order.id);
    expect([late.status, late.body.code]).toEqual([409, "order.cancelled"]);
  });

  test("is cancelled and returns the stock when its hold expires, and refuses payments from then on", async () => {
    const { customer, product, order } = await anUnpaidOrder();
    await expireHold(order.id);
    const beforeCancellation = await payOrder(customer, order.id);
    expect([beforeCancellation.status, beforeCancellation.body.code]).toEqual([409, "order.hold_expired"]);
    expect(await awaitSettled(customer, order.id)).toMatchObject({
      status: "cancelled",
      cancelReason: "order.hold_expired",
    });
    const afterCancellation = await payOrder(customer, order.id);
    expect([afterCancellation.status, afterCancellation.body.code]).toEqual([409, "order.hold_expired"]);
    const mail = await awaitMail(customer.email, { subject: "Your order was cancelled" });
    expect(mail.text).toContain("not paid in time");
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    expect(await storedPayments(order.id)).toEqual([] as never);
    await audit.expectConsistent([order.id]);
  });

  test("is not charged if its hold has expired in inventory and the stock is sold out", async () => {
    const { customer, product, order } = await anUnpaidOrder(1);
    // The hold has expired by inventory's clock but not yet by order's, and other orders hold the rest of the stock.
    await audit.inventory`update reservation set expires_at = now() - interval '1 second' where order_id = ${order.id}`;
    const [row] = await audit.inventory<{ free: number }[]>`
      select on_hand - pinned as free from product where id = ${product.id}`;
    await audit.inventory`update product set pinned = on_hand where id = ${product.id}`;
    try {
      const { status, body } = await payOrder(customer, order.id);
      expect([status, body.status, body.failureCode]).toEqual([201, "failed", "order.hold_expired"]);
    } finally {
      await audit.inventory`update product set pinned = pinned - ${row?.free ?? 0} where id = ${product.id}`;
    }
    expect(await awaitSettled(customer, order.id)).toMatchObject({
      status: "cancelled",
      cancelReason: "order.hold_expired",
    });
    expect((await loadLedger()).charges.get(order.id)).toBeUndefined();
    await audit.expectConsistent([order.id]);
    expect(await audit.productDifferences()).toEqual([]);
  });
});

describe("POST /payments/process refuses", () => {
  test("another amount or currency with 422, an order of another customer with 404, a paid order with 409", async () => {
    const { customer, order } = await anUnpaidOrder();
    const less = { ...order.total, amount: order.total.amount - 1 };
    for (const amount of [less, { ...order.total, currency: "EUR" }]) {
      const { status, body } = await payOrder(customer, order.id, { amount });
      expect([status, body.code]).toEqual([422, "payment.amount_mismatch"]);
    }
    const stranger = await newCustomer();
    for (const id of [order.id, Bun.randomUUIDv7()]) {
      const { status, body } = await payOrder(stranger, id);
      expect([status, body.code]).toEqual([404, "order.not_found"]);
    }
    expect((await readOrder(customer, order.id)).status).toBe("awaiting_payment");
    expect((await payOrder(customer, order.id)).status).toBe(201);
    await awaitSettled(customer, order.id);
    const second = await payOrder(customer, order.id);
    expect([second.status, second.body.code]).toEqual([409, "order.already_paid"]);
    await audit.expectConsistent([order.id]);
  });
});

describe("concurrent payments of an order", () => {
  test("with one idempotency key are one payment and one charge; another body with the key answers 422", async () => {
    const { customer, order } = await anUnpaidOrder();
    const idempotencyKey = crypto.randomUUID();
    const pay = () => payOrder(customer, order.id, { idempotencyKey });
    const responses = await Promise.all(Array.from({ length: 5 }, pay));
    responses.push(await pay());
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(responses.map(({ body }) => body.id)).size).toBe(1);
    const otherBody = await payOrder(customer, order.id, { idempotencyKey, card: testCards.declined });
    expect([otherBody.status, otherBody.body.code]).toEqual([422, "idempotency.key_reused"]);
    await awaitSettled(customer, order.id);
    expect((await loadLedger()).charges.get(order.id)).toEqual([order.total.amount]);
    await audit.expectConsistent([order.id]);
  });

  test("without a key complete one payment and refuse the other", async () => {
    const { customer, order } = await anUnpaidOrder();
    const responses = await Promise.all(Array.from({ length: 2 }, () => payOrder(customer, order.id)));
    const outcomes = responses.map(({ status, body }) => (status === 201 ? body.status : body.code)).toSorted();
    expect(outcomes[0]).toBe("completed");
    expect(["order.already_paid", "order.being_paid"]).toContain(outcomes[1] as string);
    await awaitSettled(customer, order.id);
    expect((await loadLedger()).charges.get(order.id)).toEqual([order.total.amount]);
    await audit.expectConsistent([order.id]);
  });
});

describe("cancelling an order that is paid later", () => {
  test("before the payment returns the stock and creates no payment", async () => {
    const { customer, product, order } = await anUnpaidOrder();
    expect((await api.cancelOrder(customer.token, order.id)).status).toBe(202);
    expect(await awaitSettled(customer, order.id)).toMatchObject({
      status: "cancelled",
      cancelReason: "order.cancel_requested",
    });
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    expect(await storedPayments(order.id)).toEqual([] as never);
    await audit.expectConsistent([order.id]);
  });

  test("after the payment refunds it", async () => {
    const { customer, order } = await anUnpaidOrder();
    await payOrder(customer, order.id);
    await awaitSettled(customer, order.id);
    await api.cancelOrder(customer.token, order.id);
    await awaitStatus(customer, order.id, ["cancelled"]);
    expect((await loadLedger()).refunds.get(order.id)).toEqual([order.total.amount]);
    await audit.expectConsistent([order.id]);
  });

  test("or expiring its hold at any moment of the payment leaves all stores in agreement", async () => {
    const customer = await newCustomer();
    const { id: productId } = await productInStock();
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const order = await placeUnpaidOrder(customer, [{ productId, quantity: 1 }]);
        const payment = payOrder(customer, order.id);
        // The first order is stopped while its payment starts, the last one long after the payment has ended.
        await Bun.sleep(n * 8);
        const stop = n % 3 === 2 ? expireHold(order.id) : api.cancelOrder(customer.token, order.id);
        await Promise.all([payment, stop]);
        return order.id;
      }),
    );
    await Promise.all(ids.map((id) => awaitSettled(customer, id)));
    await audit.expectConsistent(ids);
    expect(await audit.productDifferences()).toEqual([]);
  });
});
