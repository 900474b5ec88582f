import { afterAll, describe, expect, test } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import type { Order } from "../../deploy/local/clients/shop-api";
import { openAudit } from "../support/audit";
import { loadLedger } from "../support/audit/ledger";
import { eventually } from "../support/eventually";
import { awaitMail } from "../support/mail";
import {
  aConfirmedOrder,
  anOrder,
  awaitStatus,
  loginAsAdmin,
  newCustomer,
  placeOrder,
  productInStock,
  readOrder,
  readProduct,
} from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

const setStatus = ({ token }: { token: string }, id: string, status: string, reason?: string) =>
  api.request<Order>("PUT", `/orders/${id}/status`, { token, body: { status, ...(reason && { reason }) } });

describe("cancelling an order", () => {
  test("directly after it is placed keeps no charge and returns the stock", async () => {
    const { customer, order, product } = await anOrder(3);
    const response = await api.cancelOrder(customer.token, order.id);
    expect(response.status).toBe(202);
    expect(response.body.id).toBe(order.id);
    const cancelled = await awaitStatus(customer, order.id, ["cancelled"]);
    expect(cancelled.cancelReason).toBe("order.cancel_requested");
    await audit.expectConsistent([order.id]);
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    await awaitMail(customer.email, { subject: "Your order was cancelled" });
  });

  test("after it is confirmed refunds the charge and returns the stock", async () => {
    const { customer, order, product } = await aConfirmedOrder(2);
    expectStatus(await api.cancelOrder(customer.token, order.id), 202);
    const cancelled = await awaitStatus(customer, order.id, ["cancelled"]);
    expect(cancelled).toMatchObject({ payment: { status: "voided" }, cancelReason: "order.cancel_requested" });
    const payment = await api.getPayment(customer.token, String(cancelled.payment?.id));
    expect(payment.body).toMatchObject({ status: "voided", amount: order.total });
    expect((await api.listPayments(customer.token, order.id)).body.items).toHaveLength(1);
    const ledger = await loadLedger();
    expect(ledger.charges.get(order.id)).toEqual([order.total.amount]);
    expect(ledger.refunds.get(order.id)).toEqual([order.total.amount]);
    await audit.expectConsistent([order.id]);
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    const cancellation = await awaitMail(customer.email, { subject: "Your order was cancelled" });
    expect(cancellation.text).toContain("You asked us to cancel it");
    const refund = await awaitMail(customer.email, { subject: "Your money is on its way back" });
    expect(refund.text).toContain(order.id);
  });

  test("adds every step of the cancellation to the order's history, in order", async () => {
    const { customer, order } = await aConfirmedOrder();
    await api.cancelOrder(customer.token, order.id);
    const { history } = await awaitStatus(customer, order.id, ["cancelled"]);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    const lines = history.map(({ step, outcome, type }) => (step ? `${step} ${outcome}` : type));
    expect(lines.slice(lines.indexOf("order.confirmed"))).toEqual([
      "order.confirmed",
      "block_shipping done",
      "payment.void",
      "give_back done",
      "inventory.release",
      "restock done",
      "end done",
      "order.cancelled",
    ]);
  });

  test("five times concurrently and once more later refunds once", async () => {
    const { customer, order } = await aConfirmedOrder();
    const responses = await Promise.all(Array.from({ length: 5 }, () => api.cancelOrder(customer.token, order.id)));
    expect(responses.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    await awaitStatus(customer, order.id, ["cancelled"]);
    expect((await api.cancelOrder(customer.token, order.id)).status).toBe(202);
    expect((await loadLedger()).refunds.get(order.id)).toEqual([order.total.amount]);
    await audit.expectConsistent([order.id]);
  });

  test("succeeds at every moment of the order's life, and all stores agree", async () => {
    const customer = await newCustomer();
    const { id: productId } = await productInStock();
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { body: order } = await placeOrder(customer, [{ productId, quantity: 1 }]);
        // The first order is cancelled at once, the last one long after it is confirmed.
        await Bun.sleep(n * 5);
        expect((await api.cancelOrder(customer.token, order.id)).status).toBe(202);
        return order.id;
      }),
    );
    await Promise.all(ids.map((id) => awaitStatus(customer, id, ["cancelled"])));
    await audit.expectConsistent(ids);
    expect(await audit.productDifferences()).toEqual([]);
  });

  test("of another customer answers 404, and shipping it without permission 403", async () => {
    const { customer, order } = await aConfirmedOrder();
    const stranger = await newCustomer();
    expect((await api.cancelOrder(stranger.token, order.id)).status).toBe(404);
    expect((await setStatus(customer, order.id, "shipped")).status).toBe(403);
    expect((await readOrder(customer, order.id)).status).toBe("confirmed");
    await audit.expectConsistent([order.id]);
  });
});

describe("shipping an order", () => {
  test("mails the buyer, refuses a later cancellation with 409, and allows the delivery", async () => {
    const { customer, order } = await aConfirmedOrder();
    const admin = await loginAsAdmin();
    const shipped = await setStatus(admin, order.id, "shipped", "Parcel 42");
    expect([shipped.status, shipped.body.status]).toEqual([200, "shipped"]);
    expect((await setStatus(admin, order.id, "shipped")).status).toBe(200);
    const cancellation = await api.cancelOrder(customer.token, order.id);
    expect([cancellation.status, cancellation.body.code]).toEqual([409, "order.not_cancellable"]);
    const mail = await awaitMail(customer.email, { subject: "Your order is on its way" });
    expect(mail.text).toContain("Parcel 42");
    expect((await setStatus(admin, order.id, "delivered")).body.status).toBe("delivered");
    await audit.expectConsistent([order.id]);
    const { token, id } = customer;
    const delivered = await api.request<{ items: Order[] }>("GET", `/orders/user/${id}?status=delivered`, { token });
    expect(delivered.body.items.map((item) => item.id)).toEqual([order.id]);
  });

  test("that is being cancelled answers 409", async () => {
    const { customer, order } = await aConfirmedOrder();
    await api.cancelOrder(customer.token, order.id);
    const shipped = await setStatus(await loginAsAdmin(), order.id, "shipped");
    expect([shipped.status, shipped.body.code]).toEqual([409, "order.illegal_transition"]);
    await awaitStatus(customer, order.id, ["cancelled"]);
    await audit.expectConsistent([order.id]);
  });
});
