import Stripe from "stripe";
import { type Observation, type Observed, refundIdFor } from "../domain/payment";
import type { Gateway } from "./gateway";

/** The time limit of one request: longer than a healthy response takes, and shorter than the lease of a payment (6 s). */
const timeoutMs = 4_000;

/**
 * Stripe through PaymentIntents. An intent is created unconfirmed, with the payment's id in its metadata, and then confirmed.
 * @see https://docs.stripe.com/payments/payment-intents
 */
export function stripeGateway(o: { secretKey: string; apiUrl?: string }): Gateway {
  const stripe = new Stripe(o.secretKey, {
    httpClient: Stripe.createFetchHttpClient(fetchOnce as typeof fetch),
    // `converge` retries: it fetches the state before it calls again.
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    ...(o.apiUrl && toHost(o.apiUrl)),
  });

  return {
    async create({ paymentId, orderId, amount, idempotencyKey }, token) {
      try {
        return toObservation(
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
        return toDeclined(error) ?? toRefused(error);
      }
    },
    async confirm({ idempotencyKey }, providerId) {
      try {
        return toObservation(await stripe.paymentIntents.confirm(providerId, {}, { idempotencyKey }));
      } catch (error) {
        const declined = toDeclined(error);
        // Any other error is passed on, because the intent may be confirmed already. The next call then fetches its state.
        if (!declined) throw error;
        return { ...declined, providerId };
      }
    },
    async fetch(providerId) {
      return toObservation(await stripe.paymentIntents.retrieve(providerId, { expand: ["latest_charge"] }));
    },
    async cancel({ idempotencyKey }, providerId) {
      return toObservation(await stripe.paymentIntents.cancel(providerId, {}, { idempotencyKey }));
    },
    async refund({ paymentId, orderId, idempotencyKey }, providerId) {
      const refunds = await stripe.refunds.list({ payment_intent: providerId, limit: 10 });
      if (!refunds.data.some((refund) => refund.metadata?.paymentId === paymentId))
        await stripe.refunds.create(
          { payment_intent: providerId, metadata: { paymentId, orderId, refundId: refundIdFor(paymentId) } },
          { idempotencyKey },
        );
      return { observed: "refunded", providerId };
    },
  };
}

const observedByStatus: Record<string, Observed | undefined> = {
  requires_payment_method: "declined",
  requires_confirmation: "created",
  requires_action: "requires_action",
  requires_capture: "processing",
  processing: "processing",
  succeeded: "succeeded",
  canceled: "canceled",
};

const toObservation = (intent: Stripe.PaymentIntent): Observation => ({
  observed:
    intent.amount_received > 0 && isRefunded(intent) ? "refunded" : (observedByStatus[intent.status] ?? "processing"),
  providerId: intent.id,
  ...(intent.status === "requires_payment_method" && { code: toCode(intent.last_payment_error) }),
  ...(intent.status === "requires_action" && { code: "payment.authentication_required" }),
});

const isRefunded = (intent: Stripe.PaymentIntent): boolean =>
  typeof intent.latest_charge === "object" && intent.latest_charge?.refunded === true;

/**
 * Removes the error code of a dropped connection. On that code the SDK would retry, in spite of `maxNetworkRetries: 0`.
 * @throws Error without a code if no response arrived
 */
const fetchOnce = (url: string | URL | Request, init?: RequestInit) =>
  fetch(url, init).catch((cause) => {
    throw new Error("no response from Stripe", { cause });
  });

/** A declined card: no money moved. Undefined for any other error. */
function toDeclined(error: unknown): Observation | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return { observed: "declined", code: toCode(error) };
  return undefined;
}

/**
 * A request that Stripe will refuse however often it is sent, such as an amount below the minimum or an unknown payment
 * method. It counts as declined, so that it is not retried.
 * @throws any other error
 */
function toRefused(error: unknown): Observation {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
  const code =
    error.code === "resource_missing" ? "payment.method_unknown" : `payment.refused.${error.code ?? "invalid"}`;
  return { observed: "declined", code };
}

const toCode = (error: { decline_code?: string; code?: string } | null): string =>
  error ? `payment.declined.${error.decline_code ?? error.code ?? "unknown"}` : "payment.declined";

function toHost(apiUrl: string) {
  const { hostname, port, protocol } = new URL(apiUrl);
  return {
    host: hostname,
    protocol: protocol === "http:" ? ("http" as const) : ("https" as const),
    ...(port && { port }),
  };
}
