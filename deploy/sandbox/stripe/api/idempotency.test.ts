import { afterAll, beforeAll, expect, test } from "bun:test";
import { anIntent, aSandbox, errorOf, eventually, type TestSandbox } from "../../test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
afterAll(() => sandbox.stop());

// The SDK's type is a plain object, but with fetch, as on Bun, it is a Headers object.
const headersOf = (response: { headers: object }) => Object.fromEntries(response.headers as unknown as Headers);

const chargeNow = { confirm: true, payment_method: "pm_card_visa" };

test("the same key and parameters replay the first response and act once", async () => {
  const { stripe } = sandbox;
  const params = anIntent("replayed", chargeNow);
  const first = await stripe.paymentIntents.create(params, { idempotencyKey: "replayed" });
  await stripe.refunds.create({ payment_intent: first.id });
  await stripe.paymentIntents.update(first.id, { metadata: { note: "changed since" } });
  const second = await stripe.paymentIntents.create(params, { idempotencyKey: "replayed" });

  const { lastResponse: firstResponse, ...firstBody } = first;
  const { lastResponse, ...secondBody } = second;
  expect(secondBody).toEqual(firstBody); // the state at the time of the first call
  const original = headersOf(firstResponse);
  const replay = headersOf(lastResponse);
  expect(original).toMatchObject({ "idempotency-key": "replayed" });
  expect(original["idempotent-replayed"]).toBeUndefined();
  expect(replay).toMatchObject({ "idempotent-replayed": "true", "original-request": original["request-id"] });
  expect((await sandbox.ledger("replayed")).chargesByPayment).toEqual({ replayed: 1 });
});

test("the same key with other parameters or another endpoint is refused", async () => {
  const { stripe } = sandbox;
  const { id } = await stripe.paymentIntents.create(anIntent("k"), { idempotencyKey: "mismatch" });
  const other = stripe.paymentIntents.create(anIntent("k", { amount: 2000 }), { idempotencyKey: "mismatch" });
  expect(await errorOf(other)).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 });
  const elsewhere = stripe.paymentIntents.cancel(id, {}, { idempotencyKey: "mismatch" });
  expect(await errorOf(elsewhere)).toMatchObject({ type: "StripeIdempotencyError" });
});

test("a decline is replayed, and a validation error is not", async () => {
  const { stripe } = sandbox;
  const { id } = await stripe.paymentIntents.create(anIntent("kept"));
  const declined = () =>
    stripe.paymentIntents.confirm(id, { payment_method: "pm_card_chargeDeclined" }, { idempotencyKey: "declined" });
  await errorOf(declined());
  expect(await errorOf(declined())).toMatchObject({ statusCode: 402, headers: { "idempotent-replayed": "true" } });
  expect((await stripe.charges.list({ payment_intent: id })).data).toHaveLength(1);

  await errorOf(stripe.paymentIntents.create(anIntent("v", { amount: 1 }), { idempotencyKey: "valid-later" }));
  const valid = await stripe.paymentIntents.create(anIntent("v"), { idempotencyKey: "valid-later" });
  expect(valid.status).toBe("requires_payment_method");
});

test("a 500 is stored and replayed for its key", async () => {
  const { stripe } = sandbox;
  await sandbox.control("faults", { operation: "payment_intents.create", kind: "error_500" });
  const create = (key: string) => stripe.paymentIntents.create(anIntent("broken", chargeNow), { idempotencyKey: key });
  expect(await errorOf(create("broken"))).toMatchObject({ type: "StripeAPIError", statusCode: 500 });
  expect(await errorOf(create("broken"))).toMatchObject({
    statusCode: 500,
    headers: { "idempotent-replayed": "true" },
  });
  expect((await sandbox.ledger("broken")).entries).toEqual([]);
  expect((await create("another")).status).toBe("succeeded");
});

test("a key in use is a conflict until its call has responded", async () => {
  const { stripe } = sandbox;
  await sandbox.control("faults", { operation: "payment_intents.create", kind: "slow", delayMs: 150 });
  const create = () => stripe.paymentIntents.create(anIntent("busy", chargeNow), { idempotencyKey: "busy" });
  const slow = create();
  await eventually("the fault was applied", async () => {
    const { items } = (await (await sandbox.control("faults", undefined, "GET")).json()) as {
      items: { struck: number }[];
    };
    return items.at(-1)!.struck === 1 || undefined;
  });
  expect(await errorOf(create())).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" });
  const { id } = await slow;
  expect((await create()).id).toBe(id);
});

test("a key expires after 24 hours, and a retry then charges a second time", async () => {
  const { stripe } = sandbox;
  const create = () => stripe.paymentIntents.create(anIntent("late", chargeNow), { idempotencyKey: "late" });
  const first = await create();
  await sandbox.control("clock", { advanceSeconds: 24 * 3600 - 60 });
  expect((await create()).id).toBe(first.id);
  await sandbox.control("clock", { advanceSeconds: 61 });
  expect((await create()).id).not.toBe(first.id);
  expect((await sandbox.ledger("late")).chargesByPayment).toEqual({ late: 2 });
});
