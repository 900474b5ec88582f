import { afterAll, describe, expect, test } from "bun:test";
import { openBooks, readLedger } from "../support/audit";
import { eventually } from "../support/eventually";
import {
  type Answer,
  call,
  newCustomer,
  type OrderView,
  placeOrder,
  plentiful,
  product,
  readOrder,
  settled,
  theAdmin,
} from "../support/shop";
import { sandboxUrl } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

type View = OrderView & { code?: string };
type Buyer = { token: string };
const cancel = (who: Buyer, id: string): Promise<Answer<View>> => call("DELETE", `/orders/${id}`, { token: who.token });
const setStatus = (who: Buyer, id: string, status: string, reason?: string): Promise<Answer<View>> =>
  call("PUT", `/orders/${id}/status`, { token: who.token, body: { status, ...(reason && { reason }) } });
const cancelled = (who: Buyer, id: string) =>
  eventually(async () => {
    const order = await readOrder(who, id);
    return order.status === "cancelled" && order;
  }, 30_000) as Promise<OrderView>;

async function anOrder(quantity = 2) {
  const buyer = await newCustomer();
  const bought = await plentiful();
  const { body: order } = await placeOrder(buyer, [{ productId: bought.id, quantity }]);
  return { buyer, order, bought };
}
async function aConfirmedOrder() {
  const placed = await anOrder();
  expect((await settled(placed.buyer, placed.order.id)).status).toBe("confirmed");
  return placed;
}
const mailed = (email: string, subject: string) =>
  eventually(async () => {
    const answer = await fetch(`${sandboxUrl}/inbox.json?to=${encodeURIComponent(email)}`);
    return ((await answer.json()) as { subject: string; text: string }[]).find((mail) => mail.subject === subject);
  });

describe("somebody who changes their mind", () => {
  test("right after ordering has no order, no charge that is kept, and the stock is back", async () => {
    const { buyer, order, bought } = await anOrder(3);
    const answer = await cancel(buyer, order.id);
    expect(answer.status).toBe(202);
    expect(answer.body.id).toBe(order.id);
    expect((await cancelled(buyer, order.id)).cancelReason).toBe("order.cancel_requested");
    await books.balance([order.id]);
    await eventually(async () => (await product(bought.id)).available === bought.available);
    await mailed(buyer.email, "Your order was cancelled");
  });

  test("once the order is confirmed gets the money back, and the stock is back", async () => {
    const { buyer, order, bought } = await aConfirmedOrder();
    const answer = await cancel(buyer, order.id);
    expect(answer.status).toBe(202);
    const end = await cancelled(buyer, order.id);
    expect(end).toMatchObject({ payment: { status: "voided" }, cancelReason: "order.cancel_requested" });
    const payment = await call("GET", `/payments/${end.payment?.id}`, { token: buyer.token });
    expect(payment.body).toMatchObject({ status: "voided", amount: order.total });
    const { items } = (await call<{ items: object[] }>("GET", `/payments/order/${order.id}`, { token: buyer.token }))
      .body;
    expect(items).toHaveLength(1);
    const ledger = await readLedger();
    expect(ledger.charges.get(order.id)).toEqual([order.total.amount]);
    expect(ledger.refunds.get(order.id)).toEqual([order.total.amount]);
    await books.balance([order.id]);
    await eventually(async () => (await product(bought.id)).available === bought.available);
    const mail = await mailed(buyer.email, "Your order was cancelled");
    expect(mail.text).toContain("You asked us to cancel it");
    const refunded = await mailed(buyer.email, "Your money is on its way back");
    expect(refunded.text).toContain(order.id);
  });

  test("sees in the order's history what happened, in order", async () => {
    const { buyer, order } = await aConfirmedOrder();
    await cancel(buyer, order.id);
    const { history } = await cancelled(buyer, order.id);
    expect(history.map((line) => line.seq)).toEqual(history.map((_, index) => index + 1));
    const lines = history.map((line) => (line.step ? `${line.step} ${line.outcome}` : line.type));
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

  test("and says so five times at once, and later again, is refunded once", async () => {
    const { buyer, order } = await aConfirmedOrder();
    const answers = await Promise.all(Array.from({ length: 5 }, () => cancel(buyer, order.id)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    await cancelled(buyer, order.id);
    expect((await cancel(buyer, order.id)).status).toBe(202);
    expect((await readLedger()).refunds.get(order.id)).toEqual([order.total.amount]);
    await books.balance([order.id]);
  });

  test("at any moment of many orders: each is cancelled, and every book balances", async () => {
    const buyer = await newCustomer();
    const { id: productId } = await plentiful();
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { body: order } = await placeOrder(buyer, [{ productId, quantity: 1 }]);
        // From at once to long after it is confirmed.
        await Bun.sleep(n * 5);
        expect((await cancel(buyer, order.id)).status).toBe(202);
        return order.id;
      }),
    );
    await Promise.all(ids.map((id) => cancelled(buyer, id)));
    await books.balance(ids);
    expect(await books.stockProblems()).toEqual([]);
  });
});

test("nobody cancels somebody else's order, or ships any", async () => {
  const { buyer, order } = await aConfirmedOrder();
  const stranger = await newCustomer();
  expect((await cancel(stranger, order.id)).status).toBe(404);
  expect((await setStatus(buyer, order.id, "shipped")).status).toBe(403);
  expect((await readOrder(buyer, order.id)).status).toBe("confirmed");
  await books.balance([order.id]);
});

describe("an order that is shipped", () => {
  test("is not cancelled any more, its buyer is told, and it arrives", async () => {
    const { buyer, order } = await aConfirmedOrder();
    const clerk = await theAdmin();
    const shipped = await setStatus(clerk, order.id, "shipped", "Parcel 42");
    expect([shipped.status, shipped.body.status]).toEqual([200, "shipped"]);
    expect((await setStatus(clerk, order.id, "shipped")).status).toBe(200);
    const late = await cancel(buyer, order.id);
    expect([late.status, late.body.code]).toEqual([409, "order.not_cancellable"]);
    expect((await mailed(buyer.email, "Your order is on its way")).text).toContain("Parcel 42");
    expect((await setStatus(clerk, order.id, "delivered")).body.status).toBe("delivered");
    await books.balance([order.id]);
    const listed = await call<{ items: OrderView[] }>("GET", `/orders/user/${buyer.id}?status=delivered`, {
      token: buyer.token,
    });
    expect(listed.body.items.map(({ id }) => id)).toEqual([order.id]);
  });

  test("was not cancelled: one that is, is not shipped", async () => {
    const { buyer, order } = await aConfirmedOrder();
    await cancel(buyer, order.id);
    const answer = await setStatus(await theAdmin(), order.id, "shipped");
    expect([answer.status, answer.body.code]).toEqual([409, "order.illegal_transition"]);
    await cancelled(buyer, order.id);
    await books.balance([order.id]);
  });
});
