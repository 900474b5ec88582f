import { afterAll, describe, expect, test } from "bun:test";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import type { Order } from "../../deploy/local/clients/shop-api";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { awaitMail, verificationTokenIn } from "../support/mail";
import {
  awaitSettled,
  customerPassword,
  newCustomer,
  placeOrder,
  productInStock,
  readOrder,
  readProduct,
} from "../support/shop";
import { api, stack } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

describe("an order", () => {
  test("with an approved card is confirmed, takes the stock, completes the payment and mails the buyer", async () => {
    const customer = await newCustomer();
    const product = await productInStock();
    const placed = await placeOrder(customer, [{ productId: product.id, quantity: 2 }]);
    expect(placed.status).toBe(201);
    expect(placed.headers.get("location")).toBe(`/api/v1/orders/${placed.body.id}`);
    expect(placed.body).toMatchObject({
      status: "pending",
      total: { amount: 2 * product.price.amount, currency: product.price.currency },
    });

    const order = await awaitSettled(customer, placed.body.id);
    expect(order).toMatchObject({ status: "confirmed", payment: { status: "completed" } });
    const payment = await api.getPayment(customer.token, String(order.payment?.id));
    expect(payment.body).toMatchObject({ orderId: order.id, status: "completed", amount: order.total });
    await eventually(async () => (await readProduct(product.id)).available === product.available - 2);
    await awaitMail(customer.email, { text: order.id });
    await audit.expectConsistent([order.id]);
    expect(await audit.productDifferences()).toEqual([]);
  });

  test("with a declined card is cancelled and returns the stock", async () => {
    const customer = await newCustomer();
    const product = await productInStock();
    const items = [{ productId: product.id, quantity: 3 }];
    const placed = await placeOrder(customer, items, { card: testCards.declined });
    const order = await awaitSettled(customer, placed.body.id);
    expect(order).toMatchObject({
      status: "cancelled",
      payment: { status: "failed" },
      cancelReason: "payment.declined.generic_decline",
    });
    await eventually(async () => (await readProduct(product.id)).available === product.available);
    await awaitMail(customer.email, { text: order.id });
    await audit.expectConsistent([order.id]);
  });

  test("has a history of every step in order, without the payment token", async () => {
    const customer = await newCustomer();
    const { id } = await productInStock();
    const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }], { card: testCards.declined });
    const { history } = await awaitSettled(customer, placed.body.id);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    expect(history.map(({ step, outcome, type }) => (step ? `${step} ${outcome}` : type))).toEqual([
      "order done",
      "order.created",
      "inventory.reserve",
      "stock done",
      "payment.charge",
      "funds rejected",
      "inventory.release",
      "stock undone",
      "order undone",
      "order.cancelled",
    ]);
    expect(JSON.stringify(history)).not.toContain("pm_card");
  });

  test("is placed once by three concurrent requests with one idempotency key", async () => {
    const customer = await newCustomer();
    const { id } = await productInStock();
    const idempotencyKey = crypto.randomUUID();
    const place = () => placeOrder(customer, [{ productId: id, quantity: 1 }], { idempotencyKey });
    const responses = await Promise.all([place(), place(), place()]);
    expect(responses.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(responses.map(({ body }) => body.id)).size).toBe(1);
  });

  test("appears in the list of its buyer, newest first, and answers 404 to other customers", async () => {
    const [customer, stranger] = [await newCustomer(), await newCustomer()];
    const { id } = await productInStock();
    const first = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
    const second = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
    const listOrders = (token: string) =>
      api.request<{ items: Order[] }>("GET", `/orders/user/${customer.id}`, { token });
    const list = await listOrders(customer.token);
    expect(list.body.items.map((order) => order.id)).toEqual([second.body.id, first.body.id]);
    expect((await listOrders(stranger.token)).status).toBe(404);
    expect((await api.getOrder(stranger.token, first.body.id)).status).toBe(404);
    expect((await readOrder(customer, first.body.id)).id).toBe(first.body.id);
  });
});

describe("an account", () => {
  const refresh = (refreshToken: string) =>
    api.request<{ refreshToken: string }>("POST", "/auth/refresh", { body: { refreshToken } });

  test("logs in, refreshes its token once, reads its profile and logs out", async () => {
    const customer = await newCustomer();
    const login = await api.login({ email: customer.email.toUpperCase(), password: customerPassword });
    expect(login.status).toBe(200);
    const profile = await api.request("GET", "/users/profile", { token: login.body.token });
    expect(profile.body).toMatchObject({ id: customer.id, email: customer.email });
    const { refreshToken } = login.body;
    const refreshed = await refresh(refreshToken);
    expect(refreshed.status).toBe(200);
    // Reuse of a refresh token ends the session, so the token that replaced it is refused too.
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(refreshed.body.refreshToken)).status).toBe(401);
    const logout = await api.request("POST", "/auth/logout", { body: { refreshToken: customer.refreshToken } });
    expect(logout.status).toBe(204);
  });

  test("verifies its address by the link in the mail, and again after the address changes", async () => {
    const customer = await newCustomer();
    const { token } = customer;
    const emailVerified = async () => (await api.request("GET", "/users/profile", { token })).body.emailVerified;
    const verify = (verificationToken: string | undefined) =>
      api.request("POST", "/auth/verify-email", { body: { token: verificationToken } });
    expect(await emailVerified()).toBe(false);
    const welcome = await awaitMail(customer.email, { subject: "Welcome to the Shop" });
    const firstToken = verificationTokenIn(welcome);
    for (let times = 0; times < 2; times++) expect((await verify(firstToken)).status).toBe(200);
    expect(await emailVerified()).toBe(true);

    const email = `moved-${customer.email}`;
    const body = { email, currentPassword: customerPassword };
    expect((await api.request("PUT", "/users/profile", { token, body })).status).toBe(200);
    expect(await emailVerified()).toBe(false);
    const stale = await verify(firstToken);
    expect([stale.status, stale.body.code]).toEqual([422, "auth.verification_invalid"]);
    const secondMail = await awaitMail(email, { subject: "Verify your new e-mail address" });
    expect((await verify(verificationTokenIn(secondMail))).status).toBe(200);
    expect(await emailVerified()).toBe(true);
    expect(welcome.text).toContain(`${stack.edgeUrl}/verify-email#`);
  });

  test("of the seeded customer can log in with the password in the README", async () => {
    const login = await api.login({ email: "customer@shop.test", password: "customer-dev-password" });
    expect(login.status).toBe(200);
  });
});

test("one trace covers the customer's request and every message that it causes", async () => {
  const customer = await newCustomer();
  const { id } = await productInStock();
  const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
  const traceId = placed.headers.get("x-trace-id") ?? "none";
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  await awaitSettled(customer, placed.body.id);
  const order = await audit.orders.findOne({ _id: placed.body.id });
  const messages = order?.history.filter(({ type }) => !type.startsWith("saga.")) ?? [];
  expect(messages.length).toBeGreaterThan(3);
  for (const { traceparent } of messages) expect(traceparent).toContain(traceId);
  const replies = await audit.payments`
    select body->>'traceparent' as traceparent from outbox where subject = ${placed.body.id}`;
  expect(replies.length).toBe(1);
  expect(replies[0]?.traceparent).toContain(traceId);
});
