import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { anIntent, aPayment, aSandbox, errorOf, eventually, secretKey, type TestSandbox } from "./test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
beforeEach(async () => {
  await sandbox.control("faults", undefined, "DELETE");
});
afterAll(() => sandbox.stop());

const fault = (operation: string, kind: string, extra: object = {}) =>
  sandbox.control("faults", { operation, kind, ...extra });

test("a dropped response breaks the connection, and a retry with the same key returns the only charge", async () => {
  const { stripe } = sandbox;
  const { id } = await stripe.paymentIntents.create(anIntent("dropped"));
  // The fault applies twice, because the SDK retries once after a closed connection although retries are disabled.
  await fault("payment_intents.confirm", "drop_answer_after_acting", { count: 2 });
  const confirm = () =>
    stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" }, { idempotencyKey: "dropped" });
  expect(await errorOf(confirm())).toMatchObject({ type: "StripeConnectionError" });
  expect((await stripe.paymentIntents.retrieve(id)).status).toBe("succeeded");
  expect((await confirm()).status).toBe("succeeded");
  expect((await sandbox.ledger("dropped")).chargesByPayment).toEqual({ dropped: 1 });
});

test("a refund with a dropped response is found by its metadata", async () => {
  const { stripe } = sandbox;
  const { id } = await aPayment(sandbox, "refund-dropped");
  await fault("refunds.create", "drop_answer_after_acting", { count: 2 });
  const refund = stripe.refunds.create({ payment_intent: id, metadata: { refundId: "r1" } });
  expect(await errorOf(refund)).toMatchObject({ type: "StripeConnectionError" });
  const found = (await stripe.refunds.list({ payment_intent: id })).data;
  expect(found.map((refund) => refund.metadata)).toEqual([{ refundId: "r1" }]);
});

test.each([
  ["hang", "requires_payment_method"],
  ["hang_after_acting", "succeeded"],
])("with %s the caller times out, and the intent is %s", async (kind, status) => {
  const { stripe } = sandbox;
  const { id } = await stripe.paymentIntents.create(anIntent(kind));
  await fault("payment_intents.confirm", kind);
  const confirm = (timeout: number) =>
    stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" }, { idempotencyKey: kind, timeout });
  expect(await errorOf(confirm(100))).toMatchObject({ type: "StripeConnectionError" });
  expect((await stripe.paymentIntents.retrieve(id)).status).toBe(status as "succeeded");
  // When the server notices that the caller has disconnected, the key is free (hang) or has a response (hang_after_acting).
  const paid = await eventually("the key is usable", () => confirm(5000).catch(() => undefined));
  expect(paid.status).toBe("succeeded");
  expect((await sandbox.ledger(kind)).chargesByPayment).toEqual({ [kind]: 1 });
});

test("a rate limit responds 429 and leaves the key unused", async () => {
  const { stripe } = sandbox;
  await fault("*", "rate_limit", { count: 1 });
  const create = () => stripe.paymentIntents.create(anIntent("limited"), { idempotencyKey: "limited" });
  expect(await errorOf(create())).toMatchObject({ type: "StripeRateLimitError", statusCode: 429 });
  expect((await create()).status).toBe("requires_payment_method");
});

test("a fault applies only to its operation, as often as its count says, and with its probability", async () => {
  const { stripe } = sandbox;
  const { id } = await stripe.paymentIntents.create(anIntent("counted"));
  await fault("payment_intents.retrieve", "error_500", { count: 2 });
  await fault("payment_intents.create", "error_500", { probability: 0 });
  await stripe.paymentIntents.create(anIntent("untouched"));
  const statuses: (number | undefined)[] = [];
  for (let n = 0; n < 3; n += 1) {
    const response = await fetch(`${sandbox.url}/v1/payment_intents/${id}`, {
      headers: { authorization: `Bearer ${secretKey}` },
    });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([500, 500, 200]);
  expect((await fault("no.such", "hang")).status).toBe(422);
});

test("a search can be delayed, as at Stripe", async () => {
  const { stripe } = sandbox;
  await sandbox.control("search", { delaySeconds: 60 });
  const { id } = await stripe.paymentIntents.create(anIntent("lagging"));
  const search = () => stripe.paymentIntents.search({ query: "metadata['paymentId']:'lagging'" });
  expect((await search()).data).toEqual([]);
  await sandbox.control("clock", { advanceSeconds: 61 });
  expect((await search()).data.map((intent) => intent.id)).toEqual([id]);
});

test("a reset removes all state and never reuses an id", async () => {
  const { stripe } = sandbox;
  const before = await aPayment(sandbox, "reset");
  await sandbox.control("reset");
  expect(await errorOf(stripe.paymentIntents.retrieve(before.id))).toMatchObject({ statusCode: 404 });
  expect((await sandbox.ledger("reset")).entries).toEqual([]);
  expect((await aPayment(sandbox, "reset")).id).not.toBe(before.id);
});
