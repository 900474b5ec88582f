import { newId } from "../ids";
import { invalid, refused } from "./api/errors";
import type { Params } from "./api/params";
import * as read from "./api/params";
import { capturedCharge, findCharge, noCharge } from "./charges";
import { findIntent } from "./intents";
import { appendEntry } from "./ledger";
import type { Charge } from "./types";
import { viewCharge, viewRefund } from "./views/money";
import { put, type World } from "./world";

const reasons = ["duplicate", "fraudulent", "requested_by_customer"] as const;

export function createRefund(world: World, params: Params): () => unknown {
  const charge = chargeToRefund(world, params);
  const reason = read.choice(params, "reason", reasons);
  const metadata = read.metadata(params);
  const left = charge.captured - charge.refunded;
  const amount = read.integer(params, "amount") ?? left;
  if (params.amount !== undefined && amount < 1) {
    throw invalid("Invalid positive integer", "amount", "parameter_invalid_integer");
  }
  if (charge.disputed) {
    throw refused("charge_disputed", `Charge ${charge.id} has been charged back; cannot issue a refund.`);
  }
  if (left === 0) throw refused("charge_already_refunded", `Charge ${charge.id} has already been refunded.`);
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    throw refused("amount_too_large", message, { param: "amount" });
  }
  const id = newId("re");
  const { currency, intent } = charge;
  const transaction = appendEntry(world.ledger, {
    at: world.clock.seconds(),
    type: "refund",
    intent,
    charge: charge.id,
    source: id,
    amount,
    currency,
    metadata: { ...charge.metadata, ...metadata },
  });
  const created = world.clock.seconds();
  const refund = { id, charge: charge.id, intent, amount, currency, reason, metadata, created, transaction };
  put(world.refunds, refund);
  const next = { ...charge, refunded: charge.refunded + amount, refunds: [...charge.refunds, id] };
  const refunded = put(world.charges, next);
  world.webhooks.emit("charge.refunded", () => viewCharge(refunded));
  return () => viewRefund(refund);
}

function chargeToRefund(world: World, params: Params): Charge {
  const chargeId = read.text(params, "charge");
  if (chargeId !== undefined) return capturedCharge(findCharge(world, chargeId));
  const intentId = read.text(params, "payment_intent");
  if (intentId === undefined) {
    throw invalid("One of the following params should be provided for this request: payment_intent or charge.");
  }
  const { latestCharge } = findIntent(world, intentId);
  if (latestCharge === undefined) throw noCharge(intentId);
  return capturedCharge(findCharge(world, latestCharge));
}
