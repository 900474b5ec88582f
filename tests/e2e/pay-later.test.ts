import { afterAll, describe, expect, test } from "bun:test";
import { openBooks, readLedger } from "../support/audit";
import { eventually } from "../support/eventually";
import {
  call,
  cards,
  newCustomer,
  type OrderView,
  type PaymentView,
  pay,
  placeUnpaid,
  plentiful,
  product,
  readOrder,
  settled,
} from "../support/shop";
import { sandboxUrl } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

const mailed = (email: string, subject: string) =>
  eventually(async () => {
    const answer = await fetch(`${sandboxUrl}/inbox.json?to=${encodeURIComponent(email)}`);
    return ((await answer.json()) as { subject: string; text: string }[]).find((mail) => mail.subject === subject);
  });

async function anUnpaidOrder(quantity = 2) {
  const buyer = await newCustomer();
  const bought = await plentiful();
  return { buyer, bought, order: await placeUnpaid(buyer, [{ productId: bought.id, quantity }]) };
}
const paymentsOf = async (buyer: { token: string }, orderId: string) =>
  (await call<{ items: PaymentView[] }>("GET", `/payments/order/${orderId}`, { token: buyer.token })).body.items;

/** As if so much time had passed: at order, in its record too, and at inventory, whose clock is another one. */
async function lapse(orderId: string): Promise<void> {
  const past = new Date(Date.now() - 1_000);
  await books.inventory`update reservation set expires_at = ${past} where order_id = ${orderId} and expires_at is not null`;
  await eventually(async () => {
    const doc = await books.orders.findOne({ _id: orderId });
    return doc?.projectedSeq === doc?.lastSeq;
  });
  const inRecord = { arrayFilters: [{ "entry.set.holdExpiresAt": { $exists: true } }] };
  const record = { "entries.$[entry].set.holdExpiresAt": past };
  await books.history.updateOne({ _id: `${orderId}/000001` }, { $set: record }, inRecord);
  const state = { holdExpiresAt: past, "history.$[entry].set.holdExpiresAt": past };
  await books.orders.updateOne({ _id: orderId }, { $set: state }, inRecord);
}

describe("somebody who orders first and pays later", () => {
  test("has the stock held meanwhile, then the order confirmed, the payment completed, and a mail", async () => {
    const { buyer, bought, order } = await anUnpaidOrder();
    expect(Date.parse(order.holdExpiresAt ?? "")).toBeGreaterThan(Date.now());
    expect((await product(bought.id)).available).toBe(bought.available - 2);

    const answer = await pay(buyer, order.id, { amount: order.total });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/v1/payments/${answer.body.id}`);
    expect(answer.body).toMatchObject({ orderId: order.id, status: "completed", amount: order.total });

    const end = await settled(buyer, order.id);
    expect(end).toMatchObject({ status: "confirmed", payment: { id: answer.body.id, status: "completed" } });
    const read = await call("GET", `/payments/${answer.body.id}`, { token: buyer.token });
    expect(read.body).toMatchObject({ status: "completed" });
    expect((await paymentsOf(buyer, order.id)).map(({ id }) => id)).toEqual([answer.body.id]);
    await mailed(buyer.email, "Your order is confirmed");
    await books.balance([order.id]);
    expect((await product(bought.id)).available).toBe(bought.available - 2);
    const [row] = await books.payments`select sealed_token, saga from payment where id = ${answer.body.id}`;
    expect(row).toMatchObject({ sealed_token: null, saga: { status: "completed" } });
  });

  test("sees in the order's history what happened, in order", async () => {
    const { buyer, order } = await anUnpaidOrder();
    await pay(buyer, order.id);
    const { history } = await settled(buyer, order.id);
    expect(
      history.map((line) => (line.step ? `${line.step} ${line.outcome}` : [line.type, line.status].join(" ").trim())),
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

  test("with a card that is declined has no order, and the stock is back", async () => {
    const { buyer, bought, order } = await anUnpaidOrder(3);
    const answer = await pay(buyer, order.id, { card: cards.declined });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ status: "failed", failureCode: "payment.declined.generic_decline" });
    const end = await settled(buyer, order.id);
    expect(end).toMatchObject({
      status: "cancelled",
      cancelReason: "payment.declined.generic_decline",
      payment: { id: answer.body.id, status: "failed" },
    });
    await eventually(async () => (await product(bought.id)).available === bought.available);
    expect((await mailed(buyer.email, "Your order was cancelled")).text).toContain("did not go through");
    await books.balance([order.id]);
    const late = await pay(buyer, order.id);
    expect([late.status, late.body.code]).toEqual([409, "order.cancelled"]);
  });

  test("but not in time has no order: it is cancelled, the stock is back, and nothing can be paid any more", async () => {
    const { buyer, bought, order } = await anUnpaidOrder();
    await lapse(order.id);
    const early = await pay(buyer, order.id);
    expect([early.status, early.body.code]).toEqual([409, "order.hold_expired"]);
    expect(await settled(buyer, order.id)).toMatchObject({ status: "cancelled", cancelReason: "order.hold_expired" });
    const late = await pay(buyer, order.id);
    expect([late.status, late.body.code]).toEqual([409, "order.hold_expired"]);
    expect((await mailed(buyer.email, "Your order was cancelled")).text).toContain("not paid in time");
    await eventually(async () => (await product(bought.id)).available === bought.available);
    expect(await books.payments`select id from payment where order_id = ${order.id}`).toEqual([] as never);
    await books.balance([order.id]);
  });

  test("whose stock somebody else has got meanwhile pays nothing", async () => {
    const { buyer, bought, order } = await anUnpaidOrder(1);
    // The hold has run out by inventory's clock, not yet by order's, and the last piece is gone.
    await books.inventory`update reservation set expires_at = now() - interval '1 second' where order_id = ${order.id}`;
    const [row] = await books.inventory<{ free: number }[]>`
      select on_hand - pinned as free from product where id = ${bought.id}`;
    await books.inventory`update product set pinned = on_hand where id = ${bought.id}`;
    try {
      const answer = await pay(buyer, order.id);
      expect([answer.status, answer.body.status, answer.body.failureCode]).toEqual([
        201,
        "failed",
        "order.hold_expired",
      ]);
    } finally {
      await books.inventory`update product set pinned = pinned - ${row?.free ?? 0} where id = ${bought.id}`;
    }
    expect(await settled(buyer, order.id)).toMatchObject({ status: "cancelled", cancelReason: "order.hold_expired" });
    expect((await readLedger()).charges.get(order.id)).toBeUndefined();
    await books.balance([order.id]);
    expect(await books.stockProblems()).toEqual([]);
  });
});

describe("a payment is refused", () => {
  test("422 of another amount, 404 of somebody else's order or none, 409 of an order that is paid for", async () => {
    const { buyer, order } = await anUnpaidOrder();
    const less = { ...order.total, amount: order.total.amount - 1 };
    for (const amount of [less, { ...order.total, currency: "EUR" }]) {
      const answer = await pay(buyer, order.id, { amount });
      expect([answer.status, answer.body.code]).toEqual([422, "payment.amount_mismatch"]);
    }
    const stranger = await newCustomer();
    for (const id of [order.id, Bun.randomUUIDv7()]) {
      const answer = await pay(stranger, id);
      expect([answer.status, answer.body.code]).toEqual([404, "order.not_found"]);
    }
    expect((await readOrder(buyer, order.id)).status).toBe("awaiting_payment");
    expect((await pay(buyer, order.id)).status).toBe(201);
    await settled(buyer, order.id);
    const again = await pay(buyer, order.id);
    expect([again.status, again.body.code]).toEqual([409, "order.already_paid"]);
    await books.balance([order.id]);
  });
});

describe("an Idempotency-Key", () => {
  test("twice, and five times at once, is one payment and one charge; another body is refused", async () => {
    const { buyer, order } = await anUnpaidOrder();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => pay(buyer, order.id, { headers })));
    answers.push(await pay(buyer, order.id, { headers }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const other = await pay(buyer, order.id, { headers, card: cards.declined });
    expect([other.status, other.body.code]).toEqual([422, "idempotency.key_reused"]);
    await settled(buyer, order.id);
    expect((await readLedger()).charges.get(order.id)).toEqual([order.total.amount]);
    await books.balance([order.id]);
  });

  test("is not needed: of two payments at once one is made, the other refused", async () => {
    const { buyer, order } = await anUnpaidOrder();
    const answers = await Promise.all(Array.from({ length: 2 }, () => pay(buyer, order.id)));
    const codes = answers.map(({ status, body }) => (status === 201 ? body.status : body.code)).toSorted();
    expect(codes[0]).toBe("completed");
    expect(["order.already_paid", "order.being_paid"]).toContain(codes[1] as string);
    await settled(buyer, order.id);
    expect((await readLedger()).charges.get(order.id)).toEqual([order.total.amount]);
    await books.balance([order.id]);
  });
});

describe("somebody who changes their mind", () => {
  const cancel = (buyer: { token: string }, id: string) =>
    call<OrderView>("DELETE", `/orders/${id}`, { token: buyer.token });

  test("before paying has no order, the stock is back, and payment knows nothing of it", async () => {
    const { buyer, bought, order } = await anUnpaidOrder();
    expect((await cancel(buyer, order.id)).status).toBe(202);
    expect(await settled(buyer, order.id)).toMatchObject({
      status: "cancelled",
      cancelReason: "order.cancel_requested",
    });
    await eventually(async () => (await product(bought.id)).available === bought.available);
    expect(await books.payments`select id from payment where order_id = ${order.id}`).toEqual([] as never);
    await books.balance([order.id]);
  });

  test("after paying gets the money back", async () => {
    const { buyer, order } = await anUnpaidOrder();
    await pay(buyer, order.id);
    await settled(buyer, order.id);
    await cancel(buyer, order.id);
    await eventually(async () => (await readOrder(buyer, order.id)).status === "cancelled", 30_000);
    expect((await readLedger()).refunds.get(order.id)).toEqual([order.total.amount]);
    await books.balance([order.id]);
  });

  test("or is too slow, at any moment of many payments: every book balances", async () => {
    const buyer = await newCustomer();
    const { id: productId } = await plentiful();
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const order = await placeUnpaid(buyer, [{ productId, quantity: 1 }]);
        const paying = pay(buyer, order.id);
        // From before the payment begins to long after it.
        await Bun.sleep(n * 8);
        const stop = n % 3 === 2 ? lapse(order.id) : cancel(buyer, order.id);
        await Promise.all([paying, stop]);
        return order.id;
      }),
    );
    await Promise.all(ids.map((id) => settled(buyer, id)));
    await books.balance(ids);
    expect(await books.stockProblems()).toEqual([]);
  });
});
