import { newId } from "../ids";
import { capturedCharge, chargeOf, noCharge } from "./charges";
import { StripeError } from "./errors";
import { record } from "./ledger";
import type { Charge, Dispute } from "./types";
import { viewDispute } from "./views/money";
import { put, type World } from "./world";

/** The customer's bank takes the money back: what POST /control/disputes and pm_card_createDispute do. */
export function disputeIntent(world: World, intentId: string): Dispute {
  const chargeId = world.intents.byId.get(intentId)?.latestCharge;
  if (chargeId === undefined) throw noCharge(intentId);
  const charge = capturedCharge(chargeOf(world, chargeId));
  if (charge.disputed || charge.captured === charge.refunded) {
    throw new StripeError(409, { type: "invalid_request_error", message: "There is nothing left to dispute." });
  }
  return openDispute(world, charge);
}

export function openDispute(world: World, charge: Charge): Dispute {
  const amount = charge.captured - charge.refunded;
  const id = newId("du");
  const transaction = record(world.ledger, {
    at: world.clock.seconds(),
    type: "dispute",
    intent: charge.intent,
    charge: charge.id,
    source: id,
    amount,
    currency: charge.currency,
    metadata: charge.metadata,
  });
  put(world.charges, { ...charge, disputed: true });
  const dispute = put(world.disputes, {
    id,
    charge: charge.id,
    intent: charge.intent,
    amount,
    currency: charge.currency,
    created: world.clock.seconds(),
    transaction,
  });
  world.webhooks.emit("charge.dispute.created", () => viewDispute(dispute));
  return dispute;
}
