import Stripe from "stripe";
import type { WebhookMode } from "./config";
import { startSandbox } from "./server";
import type { LedgerEntry, Totals } from "./stripe/ledger";

export const secretKey = "sk_test_sandbox";
export const webhookSecret = "whsec_sandbox";

/** A sandbox on free ports, with a client of the Stripe SDK and shortcuts to the control API. */
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

/** The request that the payment service sends: a card payment of 19.99 USD without redirects. */
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

/** The error that a call rejects with. A call that succeeds fails the test. */
export async function errorOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error("the call succeeded, but should have failed");
}

/**
 * Repeats `check` until it returns a value other than undefined.
 * @throws Error after five seconds
 */
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

/**
 * A webhook endpoint that records the requests it receives.
 * @param statusFor returns the status of a response; receives the number of earlier requests
 */
export function aWebhookEndpoint(statusFor: (earlier: number) => number = () => 200) {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      const { id, type } = JSON.parse(body) as { id: string; type: string };
      const status = statusFor(received.length);
      received.push({ body, signature: request.headers.get("stripe-signature") ?? "", type, id });
      return new Response(null, { status });
    },
  });
  return { url: `http://127.0.0.1:${server.port}/webhooks`, received, stop: () => server.stop(true) };
}
