import { afterEach, expect, test } from "bun:test";
import Stripe from "stripe";
import {
  anIntent,
  aPayment,
  aSandbox,
  aWebhookEndpoint,
  errorOf,
  eventually,
  type TestSandbox,
  webhookSecret,
} from "../../test-support";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function aSandboxWithEndpoint(statusFor?: (earlier: number) => number) {
  const endpoint = aWebhookEndpoint(statusFor);
  const sandbox = await aSandbox({ webhookUrl: endpoint.url });
  cleanups.push(sandbox.stop, endpoint.stop);
  return { sandbox, received: endpoint.received };
}

const verify = (body: string, signature: string) =>
  Stripe.webhooks.constructEventAsync(body, signature, webhookSecret, 300, Stripe.createSubtleCryptoProvider());

test("each change of a payment sends one event, and the SDK accepts its signature but not a changed body", async () => {
  const { sandbox, received } = await aSandboxWithEndpoint();
  const { stripe } = sandbox;
  const { id } = await aPayment(sandbox, "paid");
  await stripe.refunds.create({ payment_intent: id, amount: 100 });
  const declined = anIntent("declined", { confirm: true, payment_method: "pm_card_chargeDeclined" });
  await errorOf(stripe.paymentIntents.create(declined));
  const cancelled = await stripe.paymentIntents.create(anIntent("cancelled"));
  await stripe.paymentIntents.cancel(cancelled.id);
  const secure = anIntent("secure", { confirm: true, payment_method: "pm_card_authenticationRequired" });
  await stripe.paymentIntents.create(secure);
  await stripe.paymentIntents.create(anIntent("disputed", { confirm: true, payment_method: "pm_card_createDispute" }));

  await eventually("seven events", () => (received.length >= 7 ? true : undefined));
  expect(received.map((event) => event.type).sort()).toEqual([
    "charge.dispute.created",
    "charge.refunded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_intent.succeeded",
  ]);
  for (const { body, signature } of received) await verify(body, signature);
  const first = received.find(({ type }) => type === "payment_intent.succeeded")!;
  const event = await verify(first.body, first.signature);
  expect(event.data.object).toMatchObject({ id, status: "succeeded", metadata: { paymentId: "paid" } });
  await expect(verify(first.body.replace("1999", "1998"), first.signature)).rejects.toThrow();
  expect((await stripe.events.list({ limit: 100 })).data).toHaveLength(7);
});

test("an event whose delivery failed is sent again unchanged", async () => {
  const { sandbox, received } = await aSandboxWithEndpoint((earlier) => (earlier === 0 ? 503 : 200));
  await aPayment(sandbox, "retried");
  await eventually("two attempts", () => (received.length === 2 ? true : undefined));
  expect(received[1]!.body).toBe(received[0]!.body);
});

test("an endpoint that responds 404 gets few attempts", async () => {
  const { sandbox, received } = await aSandboxWithEndpoint(() => 404);
  for (let n = 0; n < 50; n += 1) await aPayment(sandbox, `p${n}`);
  await eventually("delivery pauses", async () => ((await statusOf(sandbox)).failuresInARow >= 5 ? true : undefined));
  // Without pauses, 50 events with 3 attempts each would send 150 requests.
  expect(received.length).toBeLessThan(20);
});

test("the mode off only records events, and a replay sends them", async () => {
  const { sandbox, received } = await aSandboxWithEndpoint();
  await sandbox.control("webhooks", { mode: "off" });
  await aPayment(sandbox, "a");
  await aPayment(sandbox, "b");
  expect(await statusOf(sandbox)).toMatchObject({ mode: "off", recorded: 2, delivered: 0, sending: 0, waiting: 0 });
  expect(await (await sandbox.control("webhooks/replay", { undelivered: true })).json()).toEqual({ sent: 2 });
  await eventually("both events arrive", () => (received.length === 2 ? true : undefined));
});

test("the mode chaotic sends every event twice and late", async () => {
  const { sandbox, received } = await aSandboxWithEndpoint();
  await sandbox.control("webhooks", { mode: "chaotic", delayMs: 60 });
  for (let n = 0; n < 10; n += 1) await aPayment(sandbox, `p${n}`);
  await eventually("twenty events arrive", () => (received.length === 20 ? true : undefined));
  expect(new Set(received.map((event) => event.id)).size).toBe(10);
});

const statusOf = async (sandbox: TestSandbox) =>
  (await (await sandbox.control("webhooks", undefined, "GET")).json()) as { failuresInARow: number };
