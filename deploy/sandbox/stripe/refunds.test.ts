import { afterAll, beforeAll, expect, test } from "bun:test";
import { anIntent, aPayment, aSandbox, errorOf, type TestSandbox } from "../test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
afterAll(() => sandbox.stop());

test("partial refunds never exceed the captured amount", async () => {
  const { stripe } = sandbox;
  const { id, latest_charge } = await aPayment(sandbox, "parts");
  const first = await stripe.refunds.create({ payment_intent: id, amount: 1500, metadata: { refundId: "r1" } });
  expect(first).toMatchObject({ status: "succeeded", amount: 1500, payment_intent: id });
  expect(await errorOf(stripe.refunds.create({ payment_intent: id, amount: 500 }))).toMatchObject({
    statusCode: 400,
    code: "amount_too_large",
  });
  const rest = await stripe.refunds.create({ payment_intent: id, reason: "requested_by_customer" });
  expect(rest.amount).toBe(499);
  expect(await errorOf(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
    code: "charge_already_refunded",
  });

  const charge = await stripe.charges.retrieve(latest_charge as string);
  expect(charge).toMatchObject({ amount_refunded: 1999, refunded: true });
  expect((await stripe.refunds.list({ payment_intent: id })).data.map((refund) => refund.id)).toEqual([
    rest.id,
    first.id,
  ]);
  expect((await stripe.refunds.retrieve(first.id)).metadata).toEqual({ refundId: "r1" });
  expect((await sandbox.ledger("parts")).totals).toEqual({
    usd: { charged: 1999, refunded: 1999, disputed: 0, net: 0, entries: 3 },
  });
});

test("a hundred concurrent refunds never exceed the payment", async () => {
  const { stripe } = sandbox;
  const { id } = await aPayment(sandbox, "race");
  await Promise.allSettled(
    Array.from({ length: 100 }, () => stripe.refunds.create({ payment_intent: id, amount: 100 })),
  );
  expect((await sandbox.ledger("race")).totals).toMatchObject({ usd: { refunded: 1900, net: 99 } });
});

test("a payment without captured money cannot be refunded", async () => {
  const { id } = await sandbox.stripe.paymentIntents.create(anIntent("unpaid"));
  expect(await errorOf(sandbox.stripe.refunds.create({ payment_intent: id }))).toMatchObject({ statusCode: 400 });
});

test("a dispute returns the money, and the payment can no longer be refunded", async () => {
  const { stripe } = sandbox;
  const { id } = await aPayment(sandbox, "disputed");
  expect((await sandbox.control("disputes", { paymentIntent: id })).status).toBe(201);
  expect((await sandbox.control("disputes", { paymentIntent: id })).status).toBe(409);
  expect((await stripe.disputes.list({ payment_intent: id })).data).toMatchObject([{ amount: 1999 }]);
  expect(await errorOf(stripe.refunds.create({ payment_intent: id }))).toMatchObject({ code: "charge_disputed" });
  expect((await sandbox.ledger("disputed")).totals).toMatchObject({ usd: { disputed: 1999, net: 0 } });
});

test("balance transactions match the ledger", async () => {
  const { stripe } = sandbox;
  const { id, latest_charge } = await aPayment(sandbox, "balance");
  const refund = await stripe.refunds.create({ payment_intent: id, amount: 99 });
  const [newest, previous] = (await stripe.balanceTransactions.list({ limit: 2 })).data;
  expect(newest).toMatchObject({ type: "refund", amount: -99, source: refund.id, id: refund.balance_transaction });
  expect(previous).toMatchObject({ type: "charge", amount: 1999, source: latest_charge });
});
