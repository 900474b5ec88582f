import Stripe from "stripe";
import type { WebhookMode } from "./config";
import { startSandbox } from "./server";
import type { LedgerEntry, Totals } from "./stripe/ledger";

export const secretKey = "sk_test_sandbox";
export const webhookSecret = "whsec_sandbox";

/** A sandbox on free ports, the real SDK pointed at it, and shortcuts to its control routes. */
export async function aSandbox(options: { webhookUrl?: string; webhooks?: WebhookMode } = {}) {
  const sandbox = await startSandbox({
    host: "127.0.0.1",
    port: 0,
    smtpPort: 0,
    publicUrl: undefined,
    stripe: { secretKey, webhookSecret, webhookUrl: options.webhookUrl, webhooks: options.webhooks ?? "normal" },
  });
  const client = (key: string) =>
    new Stripe(key, { host: "127.0.0.1", port: sandbox.port, protocol: "http", maxNetworkRetries: 0 });

  return {
    ...sandbox,
    stripe: client(secretKey),
    client,
    control: (path: string, body?: object, method = "POST") =>
      fetch(`${sandbox.url}/control/${path}`, {
        method,
        headers: { "content-type": "application/json" },
        body: body && JSON.stringify(body),
      }),
    ledger: async (paymentId: string): Promise<LedgerPage> =>
      (await fetch(`${sandbox.url}/ledger.json?paymentId=${paymentId}`)).json() as Promise<LedgerPage>,
  };
}

export type TestSandbox = Awaited<ReturnType<typeof aSandbox>>;
type LedgerPage = {
  entries: LedgerEntry[];
  totals: Record<string, Totals>;
  chargesByPayment: Record<string, number>;
};

/** What our payment service sends: a card payment of 19.99 USD that rules out redirects to other methods. */
export const anIntent = (paymentId: string, extra: Partial<Stripe.PaymentIntentCreateParams> = {}) => ({
  amount: 1999,
  currency: "usd",
  automatic_payment_methods: { enabled: true, allow_redirects: "never" as const },
  metadata: { paymentId, orderId: `order-of-${paymentId}` },
  ...extra,
});

/** A paid intent. */
export async function aPayment({ stripe }: TestSandbox, paymentId: string): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create(anIntent(paymentId, { confirm: true, payment_method: "pm_card_visa" }));
}

/** The error a call ends with; a call that succeeds fails the test. */
export async function errorOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error("the call succeeded, but should have failed");
}

/** Tries until `check` returns something other than undefined; gives up after five seconds. */
export async function eventually<T>(what: string, check: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 5000;
  while (performance.now() < end) {
    const found = await check();
    if (found !== undefined) return found;
    await Bun.sleep(5);
  }
  throw new Error(`not within five seconds: ${what}`);
}

export type Received = { body: string; signature: string; type: string; id: string };

/** An endpoint for webhooks that keeps what it gets and answers what `status` says, given how many came before. */
export function aWebhookEndpoint(status: (before: number) => number = () => 200) {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      const { id, type } = JSON.parse(body) as { id: string; type: string };
      const answer = status(received.length);
      received.push({ body, signature: request.headers.get("stripe-signature") ?? "", type, id });
      return new Response(null, { status: answer });
    },
  });
  return { url: `http://127.0.0.1:${server.port}/webhooks`, received, stop: () => server.stop(true) };
}
