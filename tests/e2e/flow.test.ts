import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import {
  call,
  cards,
  newCustomer,
  type OrderView,
  placeOrder,
  plentiful,
  product,
  readOrder,
  settled,
} from "../support/shop";
import { sandboxUrl, stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

type Mail = { subject: string; text: string };
const mailTo = (email: string, about: string) =>
  eventually(async () => {
    const mails = (await (await fetch(`${sandboxUrl}/inbox.json?to=${encodeURIComponent(email)}`)).json()) as Mail[];
    return mails.find((mail) => `${mail.subject}\n${mail.text}`.includes(about));
  });

describe("somebody who buys", () => {
  test("gets the order confirmed, the stock is theirs, the payment completed, and a mail says so", async () => {
    const customer = await newCustomer();
    const bought = await plentiful();
    const placed = await placeOrder(customer, [{ productId: bought.id, quantity: 2 }]);
    expect(placed.status).toBe(201);
    expect(placed.headers.get("location")).toBe(`/api/v1/orders/${placed.body.id}`);
    expect(placed.body).toMatchObject({
      status: "pending",
      total: { amount: 2 * bought.price.amount, currency: bought.price.currency },
    });

    const order = await settled(customer, placed.body.id);
    expect(order).toMatchObject({ status: "confirmed", payment: { status: "completed" } });
    const payment = await call("GET", `/payments/${order.payment?.id}`, { token: customer.token });
    expect(payment.body).toMatchObject({ orderId: order.id, status: "completed", amount: order.total });
    await eventually(async () => (await product(bought.id)).available === bought.available - 2);
    await mailTo(customer.email, order.id);
    await books.balance([order.id]);
    expect(await books.stockProblems()).toEqual([]);
  });

  test("with a card that is declined has no order, and the stock is back", async () => {
    const customer = await newCustomer();
    const wanted = await plentiful();
    const placed = await placeOrder(customer, [{ productId: wanted.id, quantity: 3 }], cards.declined);
    const order = await settled(customer, placed.body.id);
    expect(order).toMatchObject({
      status: "cancelled",
      payment: { status: "failed" },
      cancelReason: "payment.declined.generic_decline",
    });
    await eventually(async () => (await product(wanted.id)).available === wanted.available);
    await mailTo(customer.email, order.id);
    await books.balance([order.id]);
  });

  test("sees in the order's history what happened, in order", async () => {
    const customer = await newCustomer();
    const { id } = await plentiful();
    const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }], cards.declined);
    const { history } = await settled(customer, placed.body.id);
    expect(history.map((line) => line.seq)).toEqual(history.map((_, index) => index + 1));
    expect(history.map((line) => (line.step ? `${line.step} ${line.outcome}` : line.type))).toEqual([
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

  test("twice with one Idempotency-Key has one order", async () => {
    const customer = await newCustomer();
    const { id } = await plentiful();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const placing = () => placeOrder(customer, [{ productId: id, quantity: 1 }], cards.good, headers);
    const answers = await Promise.all([placing(), placing(), placing()]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  test("reads their orders in a list, new ones first, and nobody else does", async () => {
    const [customer, stranger] = [await newCustomer(), await newCustomer()];
    const { id } = await plentiful();
    const first = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
    const second = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
    const list = await call<{ items: OrderView[] }>("GET", `/orders/user/${customer.id}`, { token: customer.token });
    expect(list.body.items.map((order) => order.id)).toEqual([second.body.id, first.body.id]);
    expect((await call("GET", `/orders/user/${customer.id}`, { token: stranger.token })).status).toBe(404);
    expect((await call("GET", `/orders/${first.body.id}`, { token: stranger.token })).status).toBe(404);
    expect((await readOrder(customer, first.body.id)).id).toBe(first.body.id);
  });
});

describe("an account", () => {
  test("logs in, refreshes, reads its profile, and logs out", async () => {
    const customer = await newCustomer();
    const login = await call<{ token: string; refreshToken: string }>("POST", "/auth/login", {
      body: { email: customer.email.toUpperCase(), password: "a-good-password" },
    });
    expect(login.status).toBe(200);
    const profile = await call("GET", "/users/profile", { token: login.body.token });
    expect(profile.body).toMatchObject({ id: customer.id, email: customer.email });
    const { refreshToken } = login.body;
    const fresh = await call<{ refreshToken: string }>("POST", "/auth/refresh", { body: { refreshToken } });
    expect(fresh.status).toBe(200);
    // The old one was used: whoever comes with it again ends the session for all.
    expect((await call("POST", "/auth/refresh", { body: { refreshToken } })).status).toBe(401);
    expect((await call("POST", "/auth/refresh", { body: { refreshToken: fresh.body.refreshToken } })).status).toBe(401);
    expect((await call("POST", "/auth/logout", { body: { refreshToken: customer.refreshToken } })).status).toBe(204);
  });

  test("has its address verified by the link in the mail, and anew when the address changes", async () => {
    const customer = await newCustomer();
    const emailVerified = async () =>
      (await call("GET", "/users/profile", { token: customer.token })).body.emailVerified;
    const tokenIn = (text: string) => /\/verify-email#([\w-]+\.[\w-]+\.[\w-]+)/.exec(text)?.[1];
    const verify = (token: string | undefined) => call("POST", "/auth/verify-email", { body: { token } });
    expect(await emailVerified()).toBe(false);
    const welcome = await mailTo(customer.email, "Welcome");
    const token = tokenIn(welcome.text);
    for (let times = 0; times < 2; times++) expect((await verify(token)).status).toBe(200);
    expect(await emailVerified()).toBe(true);

    const email = `moved-${customer.email}`;
    const moved = { email, currentPassword: "a-good-password" };
    expect((await call("PUT", "/users/profile", { token: customer.token, body: moved })).status).toBe(200);
    expect(await emailVerified()).toBe(false);
    const stale = await verify(token);
    expect([stale.status, stale.body.code]).toEqual([422, "auth.verification_invalid"]);
    const again = await mailTo(email, "Verify your new");
    expect((await verify(tokenIn(again.text))).status).toBe(200);
    expect(await emailVerified()).toBe(true);
    expect(welcome.text).toContain(`${stack.edgeUrl}/verify-email#`);
  });

  test("of the seeded customer works as the README says", async () => {
    const body = { email: "customer@shop.test", password: "customer-dev-password" };
    expect((await call("POST", "/auth/login", { body })).status).toBe(200);
  });
});

test("one trace from the customer's request to every message it caused", async () => {
  const customer = await newCustomer();
  const { id } = await plentiful();
  const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
  const traceId = placed.headers.get("x-trace-id") ?? "none";
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  await settled(customer, placed.body.id);
  const doc = await books.orders.findOne<{ history: { type: string; traceparent?: string }[] }>({
    _id: placed.body.id,
  });
  const sent = doc?.history.filter((entry) => !entry.type.startsWith("saga.")) ?? [];
  expect(sent.length).toBeGreaterThan(3);
  for (const entry of sent) expect(entry.traceparent).toContain(traceId);
  const replies =
    await books.payments`select body->>'traceparent' as traceparent from outbox where subject = ${placed.body.id}`;
  expect(replies.length).toBe(1);
  expect(replies[0]?.traceparent).toContain(traceId);
});
