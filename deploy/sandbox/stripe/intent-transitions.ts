import { newId } from "../ids";
import { openDispute } from "./disputes";
import { appendEntry } from "./ledger";
import { type Decline, findCard } from "./test-cards";
import type { Charge, Intent } from "./types";
import { viewIntent } from "./views/intent";
import type { EventType } from "./webhooks/events";
import { put, type World } from "./world";

/*
 * What happens to an intent when its card is charged, the customer authenticates, or the shop captures or cancels it.
 * Each function stores the next state of the intent, emits its event and returns the state.
 */

/** Charges the intent's test card: it succeeds, is declined, or requires the customer to authenticate. */
export function chargeCard(world: World, intent: Intent): Intent {
  const card = findCard(intent.paymentMethod!);
  if (card.decline) return decline(world, intent, card.decline);
  if (card.authenticate) return requireAuthentication(world, intent);
  const authorised = authorise(world, intent, false);
  if (card.dispute && authorised.status === "succeeded")
    openDispute(world, world.charges.byId.get(authorised.latestCharge!)!);
  return authorised;
}

function requireAuthentication(world: World, intent: Intent): Intent {
  const next = { ...intent, status: "requires_action" as const, lastError: undefined };
  return storeIntent(world, next, "payment_intent.requires_action");
}

/** Authorises the full amount, and captures it unless the intent is to be captured manually. */
export function authorise(world: World, intent: Intent, authenticated: boolean): Intent {
  const charge = put(world.charges, newCharge(world, intent, authenticated));
  const authorised: Intent = { ...intent, latestCharge: charge.id, lastError: undefined };
  if (intent.captureMethod !== "manual") return capture(world, authorised, charge, intent.amount);
  const next = { ...authorised, status: "requires_capture" as const };
  return storeIntent(world, next, "payment_intent.amount_capturable_updated");
}

/** Takes the money. No other function takes money. */
export function capture(world: World, intent: Intent, charge: Charge, amount: number): Intent {
  const transaction = appendEntry(world.ledger, {
    at: world.clock.seconds(),
    type: "charge",
    intent: intent.id,
    charge: charge.id,
    source: charge.id,
    amount,
    currency: intent.currency,
    metadata: intent.metadata,
  });
  put(world.charges, { ...charge, captured: amount, transaction });
  const next = { ...intent, status: "succeeded" as const, received: amount };
  return storeIntent(world, next, "payment_intent.succeeded");
}

function decline(world: World, intent: Intent, reason: Decline): Intent {
  const charge = newCharge(world, intent, false);
  const failure = {
    ...reason,
    declineCode: reason.declineCode,
    paymentMethod: intent.paymentMethod!,
    charge: charge.id,
  };
  put(world.charges, { ...charge, status: "failed" as const, failure });
  return fail(world, { ...intent, latestCharge: charge.id, lastError: failure });
}

/** The customer failed 3-D Secure. The card was not charged. */
export function failAuthentication(world: World, intent: Intent): Intent {
  const lastError = {
    code: "payment_intent_authentication_failure",
    declineCode: undefined,
    message:
      "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    charge: undefined,
    paymentMethod: intent.paymentMethod!,
  };
  return fail(world, { ...intent, lastError });
}

function fail(world: World, intent: Intent): Intent {
  const next = { ...intent, status: "requires_payment_method" as const, paymentMethod: undefined };
  return storeIntent(world, next, "payment_intent.payment_failed");
}

/** Ends the intent and releases its authorisation. No money had been captured. */
export function cancel(world: World, intent: Intent, cancellationReason: string | undefined): Intent {
  const canceledAt = world.clock.seconds();
  const next = { ...intent, status: "canceled" as const, canceledAt, cancellationReason };
  return storeIntent(world, next, "payment_intent.canceled");
}

function storeIntent(world: World, intent: Intent, event: EventType): Intent {
  put(world.intents, intent);
  const publicUrl = world.publicUrl();
  world.webhooks.emit(event, () => viewIntent(intent, publicUrl));
  return intent;
}

const newCharge = (world: World, intent: Intent, authenticated: boolean): Charge => ({
  id: newId("ch"),
  intent: intent.id,
  amount: intent.amount,
  currency: intent.currency,
  captured: 0,
  refunded: 0,
  status: "succeeded",
  disputed: false,
  authenticated,
  paymentMethod: intent.paymentMethod!,
  metadata: intent.metadata,
  created: world.clock.seconds(),
  failure: undefined,
  transaction: undefined,
  refunds: [],
});
