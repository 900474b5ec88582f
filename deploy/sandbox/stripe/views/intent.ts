import type { Intent } from "../types";
import type { World } from "../world";
import { viewCardError } from "./card";
import { viewCharge } from "./money";

// The views are pure: the same record always gives the same JSON. Replays and webhook retries depend on it.

export function viewIntent(intent: Intent, publicUrl: string) {
  return {
    id: intent.id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount: intent.amount,
    amount_capturable: intent.status === "requires_capture" ? intent.amount : 0,
    amount_received: intent.received,
    application: null,
    automatic_payment_methods: intent.redirectsAllowed ? { allow_redirects: "always", enabled: true } : null,
    canceled_at: intent.canceledAt ?? null,
    cancellation_reason: intent.cancellationReason ?? null,
    capture_method: intent.captureMethod,
    client_secret: `${intent.id}_secret_sandbox`,
    confirmation_method: "automatic",
    created: intent.created,
    currency: intent.currency,
    customer: null,
    description: intent.description ?? null,
    last_payment_error: intent.lastError ? viewCardError(intent.lastError) : null,
    latest_charge: intent.latestCharge ?? null,
    livemode: false,
    metadata: intent.metadata,
    next_action: intent.status === "requires_action" ? nextAction(intent, publicUrl) : null,
    payment_method: intent.paymentMethod ?? null,
    payment_method_types: ["card"],
    processing: null,
    receipt_email: null,
    setup_future_usage: null,
    shipping: null,
    status: intent.status,
  };
}

function nextAction(intent: Intent, publicUrl: string) {
  const url = `${publicUrl}/stripe/3ds/${intent.id}`;
  if (intent.returnUrl === undefined) {
    return { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url } };
  }
  return { type: "redirect_to_url", redirect_to_url: { return_url: intent.returnUrl, url } };
}

/** The response for an intent. With `expand[]=latest_charge` it contains the charge instead of its id. */
export function intentResponse(world: World, intent: Intent, expand: readonly string[] = []): () => unknown {
  const publicUrl = world.publicUrl();
  const charge = intent.latestCharge === undefined ? undefined : world.charges.byId.get(intent.latestCharge);
  if (!charge || !expand.some((path) => path.endsWith("latest_charge"))) return () => viewIntent(intent, publicUrl);
  return () => ({ ...viewIntent(intent, publicUrl), latest_charge: viewCharge(charge) });
}
