import { noSuch, refused } from "./api/errors";
import type { Charge } from "./types";
import type { World } from "./world";

export function findCharge(world: World, id: string): Charge {
  const charge = world.charges.byId.get(id);
  if (!charge) throw noSuch("charge", id, "id");
  return charge;
}

/** @throws StripeError 400 if no money was captured, so that there is none to give back */
export function capturedCharge(charge: Charge): Charge {
  if (charge.captured === 0) throw noCharge(charge.intent);
  return charge;
}

export const noCharge = (intentId: string) =>
  refused(
    "payment_intent_unexpected_state",
    `This PaymentIntent (${intentId}) does not have a successful charge to refund.`,
  );
