import { newId } from "../ids";
import { openDispute } from "./disputes";
import { record } from "./ledger";
import { cardOf, type Decline } from "./test-cards";
import type { Charge, Intent } from "./types";
import { viewIntent } from "./views/intent";
import { put, type World } from "./world";

/** What the bank and the customer decide about a confirmed intent. Each function saves the next state and returns it. */

export function tryCard(world: World, intent: Intent): Intent {
  const card = cardOf(intent.paymentMethod!);
  if (card.decline) return decline(world, intent, card.decline);
  if (card.authenticate) return askCustomer(world, intent);
  const settled = authorise(world, intent, false);
  if (card.dispute && settled.status === "succeeded")
    openDispute(world, world.charges.byId.get(settled.latestCharge!)!);
  return settled;
}

function askCustomer(world: World, intent: Intent): Intent {
  const next = put(world.intents, { ...intent, status: "requires_action" as const, lastError: undefined });
  const publicUrl = world.publicUrl();
  world.webhooks.emit("payment_intent.requires_action", () => viewIntent(next, publicUrl));
  return next;
}

export function authorise(world: World, intent: Intent, authenticated: boolean): Intent {
  const charge = put(world.charges, newCharge(world, intent, authenticated));
  const authorised: Intent = { ...intent, latestCharge: charge.id, lastError: undefined };
  if (intent.captureMethod !== "manual") return capture(world, authorised, charge, intent.amount);
  const next = put(world.intents, { ...authorised, status: "requires_capture" as const });
  const publicUrl = world.publicUrl();
  world.webhooks.emit("payment_intent.amount_capturable_updated", () => viewIntent(next, publicUrl));
  return next;
}

/** The money moves here and nowhere else. */
export function capture(world: World, intent: Intent, charge: Charge, amount: number): Intent {
  const transaction = record(world.ledger, {
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
  const next = put(world.intents, { ...intent, status: "succeeded" as const, received: amount });
  const publicUrl = world.publicUrl();
  world.webhooks.emit("payment_intent.succeeded", () => viewIntent(next, publicUrl));
  return next;
}

function decline(world: World, intent: Intent, reason: Decline): Intent {
  const failure = { ...reason, declineCode: reason.declineCode, paymentMethod: intent.paymentMethod! };
  const charge = newCharge(world, intent, false);
  const failed = put(world.charges, {
    ...charge,
    status: "failed" as const,
    failure: { ...failure, charge: charge.id },
  });
  return fail(world, { ...intent, latestCharge: failed.id, lastError: failed.failure });
}

/** The customer did not pass 3-D Secure: no charge was ever tried. */
export function refuseAuthentication(world: World, intent: Intent): Intent {
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
  const next = put(world.intents, {
    ...intent,
    status: "requires_payment_method" as const,
    paymentMethod: undefined,
  });
  const publicUrl = world.publicUrl();
  world.webhooks.emit("payment_intent.payment_failed", () => viewIntent(next, publicUrl));
  return next;
}

/** Every charge of a cancelled authorisation is let go; no money had moved. */
export function cancelIntent(world: World, intent: Intent, reason: string | undefined): Intent {
  const next = put(world.intents, {
    ...intent,
    status: "canceled" as const,
    canceledAt: world.clock.seconds(),
    cancellationReason: reason,
  });
  const publicUrl = world.publicUrl();
  world.webhooks.emit("payment_intent.canceled", () => viewIntent(next, publicUrl));
  return next;
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
