import Stripe from "stripe";
import { type Observation, type Observed, refundIdOf } from "../domain/payment";
import type { Gateway } from "./gateway";

/** Longer than any healthy answer takes, shorter than a payment's lease. Milliseconds. */
const timeoutMs = 4_000;

const observedOf: Record<string, Observed | undefined> = {
  requires_payment_method: "declined",
  requires_confirmation: "created",
  requires_action: "requires_action",
  requires_capture: "processing",
  processing: "processing",
  succeeded: "succeeded",
  canceled: "canceled",
};

/**
 * Stripe by PaymentIntents: created unconfirmed with the payment's id as metadata, then confirmed by its id.
 * @see https://docs.stripe.com/payments/payment-intents
 */
export function stripeGateway(o: { secretKey: string; apiUrl?: string }): Gateway {
  const stripe = new Stripe(o.secretKey, {
    httpClient: Stripe.createFetchHttpClient(askOnce as typeof fetch),
    // Trying again is converge's business, which asks first what became of the last try.
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    ...(o.apiUrl && hostOf(o.apiUrl)),
  });

  const seen = (intent: Stripe.PaymentIntent): Observation => ({
    observed:
      intent.amount_received > 0 && isRefunded(intent) ? "refunded" : (observedOf[intent.status] ?? "processing"),
    providerId: intent.id,
    ...(intent.status === "requires_payment_method" && { code: codeOf(intent.last_payment_error) }),
    ...(intent.status === "requires_action" && { code: "payment.authentication_required" }),
  });

  return {
    async create({ paymentId, orderId, amount, idempotencyKey }, token) {
      try {
        return seen(
          await stripe.paymentIntents.create(
            {
              amount: amount.amount,
              currency: amount.currency.toLowerCase(),
              payment_method: token,
              metadata: { paymentId, orderId },
              automatic_payment_methods: { enabled: true, allow_redirects: "never" },
            },
            { idempotencyKey },
          ),
        );
      } catch (error) {
        return refused(error) ?? unusable(error);
      }
    },
    async confirm({ idempotencyKey }, providerId) {
      try {
        return seen(await stripe.paymentIntents.confirm(providerId, {}, { idempotencyKey }));
      } catch (error) {
        const answer = refused(error);
        // That it cannot be confirmed any more may mean that it has been: the next call is to ask.
        if (!answer) throw error;
        return { ...answer, providerId };
      }
    },
    async fetch(providerId) {
      return seen(await stripe.paymentIntents.retrieve(providerId, { expand: ["latest_charge"] }));
    },
    async cancel({ idempotencyKey }, providerId) {
      return seen(await stripe.paymentIntents.cancel(providerId, {}, { idempotencyKey }));
    },
    async refund({ paymentId, orderId, idempotencyKey }, providerId) {
      const made = await stripe.refunds.list({ payment_intent: providerId, limit: 10 });
      if (!made.data.some((refund) => refund.metadata?.paymentId === paymentId))
        await stripe.refunds.create(
          { payment_intent: providerId, metadata: { paymentId, orderId, refundId: refundIdOf(paymentId) } },
          { idempotencyKey },
        );
      return { observed: "refunded", providerId };
    },
  };
}

const isRefunded = (intent: Stripe.PaymentIntent): boolean =>
  typeof intent.latest_charge === "object" && intent.latest_charge?.refunded === true;

/** A dropped connection's error without its code: at that code the SDK sends again by itself, whatever `maxNetworkRetries` says. */
const askOnce = (url: string | URL | Request, init?: RequestInit) =>
  fetch(url, init).catch((cause) => {
    throw new Error("Stripe gave no answer", { cause });
  });

/** A declined card is an answer: no money moved. */
function refused(error: unknown): Observation | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return { observed: "declined", code: codeOf(error) };
  return undefined;
}

/** So is a payment that Stripe will never make, today or tomorrow: below its least amount, by an unknown method. @throws what is not one */
function unusable(error: unknown): Observation {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
  const code =
    error.code === "resource_missing" ? "payment.method_unknown" : `payment.refused.${error.code ?? "invalid"}`;
  return { observed: "declined", code };
}

const codeOf = (error: { decline_code?: string; code?: string } | null): string =>
  error ? `payment.declined.${error.decline_code ?? error.code ?? "unknown"}` : "payment.declined";

function hostOf(apiUrl: string) {
  const { hostname, port, protocol } = new URL(apiUrl);
  return {
    host: hostname,
    protocol: protocol === "http:" ? ("http" as const) : ("https" as const),
    ...(port && { port }),
  };
}
