import { newId } from "../ids";
import { invalid, noSuch, refused, StripeError } from "./errors";
import { amountOf, currencyOf, expandOf, methodOf, redirectsAllowed, returnUrlOf } from "./intent-params";
import type { Params } from "./params";
import * as read from "./params";
import { cancelIntent, capture, tryCard } from "./settle";
import type { Intent, IntentStatus } from "./types";
import { viewCardError, viewPaymentMethod } from "./views/card";
import { intentAnswer, viewIntent } from "./views/intent";
import { put, type World } from "./world";

const open: IntentStatus[] = ["requires_payment_method", "requires_confirmation", "requires_action"];
const cancelReasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"] as const;

export function intentOf(world: World, id: string): Intent {
  const intent = world.intents.byId.get(id);
  if (!intent) throw noSuch("payment_intent", id, "intent");
  return intent;
}

export const retrieveIntent = (world: World, params: Params, id: string) =>
  intentAnswer(world, intentOf(world, id), expandOf(params));

export function createIntent(world: World, params: Params): () => unknown {
  const paymentMethod = methodOf(params);
  const intent: Intent = {
    id: newId("pi"),
    amount: amountOf(params),
    currency: currencyOf(params),
    status: paymentMethod === undefined ? "requires_payment_method" : "requires_confirmation",
    captureMethod:
      read.choice(params, "capture_method", ["automatic", "automatic_async", "manual"]) ?? "automatic_async",
    redirectsAllowed: redirectsAllowed(params),
    paymentMethod,
    metadata: read.metadata(params),
    description: read.text(params, "description"),
    created: world.clock.seconds(),
    received: 0,
    latestCharge: undefined,
    lastError: undefined,
    returnUrl: returnUrlOf(params),
    canceledAt: undefined,
    cancellationReason: undefined,
  };
  const confirmNow = read.text(params, "confirm") === "true";
  if (confirmNow) checkConfirmable(intent);
  put(world.intents, intent);
  const { paymentId } = intent.metadata;
  if (paymentId !== undefined) rememberPayment(world, paymentId, intent.id);
  return intentAnswer(world, confirmNow ? settle(world, intent) : intent, expandOf(params));
}

export function updateIntent(world: World, params: Params, id: string): () => unknown {
  const intent = intentOf(world, id);
  const paymentMethod = methodOf(params) ?? intent.paymentMethod;
  const touchesMoney =
    params.amount !== undefined || params.currency !== undefined || params.payment_method !== undefined;
  if (touchesMoney) demand(intent, open, "This PaymentIntent could not be updated", "updated");
  const waits = intent.status === "requires_payment_method" && params.payment_method !== undefined;
  const next: Intent = {
    ...intent,
    amount: params.amount === undefined ? intent.amount : amountOf(params),
    currency: params.currency === undefined ? intent.currency : currencyOf(params),
    paymentMethod,
    status: waits ? "requires_confirmation" : intent.status,
    metadata: read.metadata(params, intent.metadata),
    description: read.text(params, "description") ?? intent.description,
  };
  const { paymentId } = next.metadata;
  if (paymentId !== undefined && paymentId !== intent.metadata.paymentId) rememberPayment(world, paymentId, id);
  return intentAnswer(world, put(world.intents, next), expandOf(params));
}

export function confirmIntent(world: World, params: Params, id: string): () => unknown {
  const intent = intentOf(world, id);
  const paymentMethod = methodOf(params) ?? intent.paymentMethod;
  const confirmed = { ...intent, paymentMethod, returnUrl: returnUrlOf(params) ?? intent.returnUrl };
  if (intent.status === "succeeded") {
    const message =
      "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.";
    throw unexpectedState(intent, message);
  }
  demand(intent, open, "You cannot confirm this PaymentIntent", "confirmed");
  checkConfirmable(confirmed);
  return intentAnswer(world, settle(world, confirmed), expandOf(params));
}

export function captureIntent(world: World, params: Params, id: string): () => unknown {
  const intent = intentOf(world, id);
  demand(intent, ["requires_capture"], "This PaymentIntent could not be captured", "captured");
  const amount = read.integer(params, "amount_to_capture") ?? intent.amount;
  if (amount < 1) throw invalid("Amount must be at least 1.", "amount_to_capture", "parameter_invalid_integer");
  if (amount > intent.amount) {
    const message = `The requested capture amount (${amount}) is greater than the amount you can capture (${intent.amount}).`;
    throw refused("amount_too_large", message, { param: "amount_to_capture" });
  }
  const charge = world.charges.byId.get(intent.latestCharge!)!;
  return intentAnswer(world, capture(world, intent, charge, amount), expandOf(params));
}

export function cancel(world: World, params: Params, id: string): () => unknown {
  const intent = intentOf(world, id);
  const reason = read.choice(params, "cancellation_reason", cancelReasons);
  demand(intent, [...open, "requires_capture"], "You cannot cancel this PaymentIntent", "canceled");
  return intentAnswer(world, cancelIntent(world, intent, reason), expandOf(params));
}

/** Tries the card; a decline has already been written to the intent when its 402 is thrown. */
function settle(world: World, intent: Intent): Intent {
  const next = tryCard(world, intent);
  const { lastError } = next;
  if (!lastError) return next;
  const { doc_url: _, ...error } = viewCardError(lastError);
  throw new StripeError(
    402,
    {
      ...error,
      type: "card_error",
      payment_intent: viewIntent(next, world.publicUrl()),
      payment_method: viewPaymentMethod(lastError.paymentMethod),
    },
    true,
  );
}

function checkConfirmable(intent: Intent): void {
  if (intent.paymentMethod === undefined) {
    throw unexpectedState(
      intent,
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    );
  }
  if (intent.redirectsAllowed && intent.returnUrl === undefined) {
    throw invalid(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    );
  }
}

function demand(intent: Intent, allowed: IntentStatus[], what: string, verb: string): void {
  if (allowed.includes(intent.status)) return;
  throw unexpectedState(
    intent,
    `${what} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${verb}: ${allowed.join(", ")}.`,
  );
}

const unexpectedState = (intent: Intent, message: string) =>
  refused("payment_intent_unexpected_state", message, { payment_intent: viewIntent(intent, "") });

function rememberPayment(world: World, paymentId: string, id: string): void {
  const known = world.intentsByPayment.get(paymentId);
  if (!known) world.intentsByPayment.set(paymentId, [id]);
  else if (!known.includes(id)) known.push(id);
}
