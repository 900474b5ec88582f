import { newId } from "../ids";
import { invalid, noSuch, refused, StripeError } from "./api/errors";
import type { Params } from "./api/params";
import * as read from "./api/params";
import {
  readAmount,
  readCurrency,
  readExpand,
  readPaymentMethod,
  readRedirectsAllowed,
  readReturnUrl,
} from "./intent-params";
import { cancel, capture, chargeCard } from "./intent-transitions";
import type { Intent, IntentStatus } from "./types";
import { viewCardError, viewPaymentMethod } from "./views/card";
import { intentResponse, viewIntent } from "./views/intent";
import { put, type World } from "./world";

const unconfirmedStatuses: IntentStatus[] = ["requires_payment_method", "requires_confirmation", "requires_action"];
const cancelReasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"] as const;

export function findIntent(world: World, id: string): Intent {
  const intent = world.intents.byId.get(id);
  if (!intent) throw noSuch("payment_intent", id, "intent");
  return intent;
}

export const retrieveIntent = (world: World, params: Params, id: string) =>
  intentResponse(world, findIntent(world, id), readExpand(params));

export function createIntent(world: World, params: Params): () => unknown {
  const paymentMethod = readPaymentMethod(params);
  const intent: Intent = {
    id: newId("pi"),
    amount: readAmount(params),
    currency: readCurrency(params),
    status: paymentMethod === undefined ? "requires_payment_method" : "requires_confirmation",
    captureMethod:
      read.choice(params, "capture_method", ["automatic", "automatic_async", "manual"]) ?? "automatic_async",
    redirectsAllowed: readRedirectsAllowed(params),
    paymentMethod,
    metadata: read.metadata(params),
    description: read.text(params, "description"),
    created: world.clock.seconds(),
    received: 0,
    latestCharge: undefined,
    lastError: undefined,
    returnUrl: readReturnUrl(params),
    canceledAt: undefined,
    cancellationReason: undefined,
  };
  const confirmNow = read.text(params, "confirm") === "true";
  if (confirmNow) checkConfirmable(intent);
  put(world.intents, intent);
  const { paymentId } = intent.metadata;
  if (paymentId !== undefined) indexByPayment(world, paymentId, intent.id);
  return intentResponse(world, confirmNow ? confirmWithCard(world, intent) : intent, readExpand(params));
}

export function updateIntent(world: World, params: Params, id: string): () => unknown {
  const intent = findIntent(world, id);
  const paymentMethod = readPaymentMethod(params) ?? intent.paymentMethod;
  const touchesMoney =
    params.amount !== undefined || params.currency !== undefined || params.payment_method !== undefined;
  if (touchesMoney) requireStatus(intent, unconfirmedStatuses, "This PaymentIntent could not be updated", "updated");
  const getsMethod = intent.status === "requires_payment_method" && params.payment_method !== undefined;
  const next: Intent = {
    ...intent,
    amount: params.amount === undefined ? intent.amount : readAmount(params),
    currency: params.currency === undefined ? intent.currency : readCurrency(params),
    paymentMethod,
    status: getsMethod ? "requires_confirmation" : intent.status,
    metadata: read.metadata(params, intent.metadata),
    description: read.text(params, "description") ?? intent.description,
  };
  const { paymentId } = next.metadata;
  if (paymentId !== undefined && paymentId !== intent.metadata.paymentId) indexByPayment(world, paymentId, id);
  return intentResponse(world, put(world.intents, next), readExpand(params));
}

export function confirmIntent(world: World, params: Params, id: string): () => unknown {
  const intent = findIntent(world, id);
  const paymentMethod = readPaymentMethod(params) ?? intent.paymentMethod;
  const confirmed = { ...intent, paymentMethod, returnUrl: readReturnUrl(params) ?? intent.returnUrl };
  if (intent.status === "succeeded") {
    const message =
      "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.";
    throw unexpectedState(intent, message);
  }
  requireStatus(intent, unconfirmedStatuses, "You cannot confirm this PaymentIntent", "confirmed");
  checkConfirmable(confirmed);
  return intentResponse(world, confirmWithCard(world, confirmed), readExpand(params));
}

export function captureIntent(world: World, params: Params, id: string): () => unknown {
  const intent = findIntent(world, id);
  requireStatus(intent, ["requires_capture"], "This PaymentIntent could not be captured", "captured");
  const amount = read.integer(params, "amount_to_capture") ?? intent.amount;
  if (amount < 1) throw invalid("Amount must be at least 1.", "amount_to_capture", "parameter_invalid_integer");
  if (amount > intent.amount) {
    const message = `The requested capture amount (${amount}) is greater than the amount you can capture (${intent.amount}).`;
    throw refused("amount_too_large", message, { param: "amount_to_capture" });
  }
  const charge = world.charges.byId.get(intent.latestCharge!)!;
  return intentResponse(world, capture(world, intent, charge, amount), readExpand(params));
}

export function cancelIntent(world: World, params: Params, id: string): () => unknown {
  const intent = findIntent(world, id);
  const reason = read.choice(params, "cancellation_reason", cancelReasons);
  requireStatus(
    intent,
    [...unconfirmedStatuses, "requires_capture"],
    "You cannot cancel this PaymentIntent",
    "canceled",
  );
  return intentResponse(world, cancel(world, intent, reason), readExpand(params));
}

/** @throws StripeError 402 if the card is declined. The declined state has been stored by then. */
function confirmWithCard(world: World, intent: Intent): Intent {
  const next = chargeCard(world, intent);
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

function requireStatus(intent: Intent, allowed: IntentStatus[], problem: string, participle: string): void {
  if (allowed.includes(intent.status)) return;
  throw unexpectedState(
    intent,
    `${problem} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${participle}: ${allowed.join(", ")}.`,
  );
}

const unexpectedState = (intent: Intent, message: string) =>
  refused("payment_intent_unexpected_state", message, { payment_intent: viewIntent(intent, "") });

function indexByPayment(world: World, paymentId: string, id: string): void {
  const ids = world.intentsByPayment.get(paymentId);
  if (!ids) world.intentsByPayment.set(paymentId, [id]);
  else if (!ids.includes(id)) ids.push(id);
}
