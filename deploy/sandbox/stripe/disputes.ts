import { newId } from "../ids";
import { StripeError } from "./api/errors";
import { capturedCharge, findCharge, noCharge } from "./charges";
import { appendEntry } from "./ledger";
import type { Charge, Dispute } from "./types";
import { viewDispute } from "./views/money";
import { put, type World } from "./world";

/**
 * Disputes a paid intent, for `POST /control/disputes`.
 * @throws StripeError if the intent has no captured charge or nothing is left to dispute
 */
export function disputeIntent(world: World, intentId: string): Dispute {
  const chargeId = world.intents.byId.get(intentId)?.latestCharge;
  if (chargeId === undefined) throw noCharge(intentId);
  const charge = capturedCharge(findCharge(world, chargeId));
  if (charge.disputed || charge.captured === charge.refunded) {
    throw new StripeError(409, {
      type: "invalid_request_error",
      message: "This charge has no amount left to dispute.",
    });
  }
  return openDispute(world, charge);
}

/** The customer's bank takes the remaining amount back. */
export function openDispute(world: World, charge: Charge): Dispute {
  const amount = charge.captured - charge.refunded;
  const id = newId("du");
  const transaction = appendEntry(world.ledger, {
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
