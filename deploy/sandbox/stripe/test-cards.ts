import { noSuch } from "./api/errors";

export type Decline = { code: string; declineCode?: string; message: string };

export type TestCard = {
  brand: "visa" | "mastercard" | "amex";
  last4: string;
  /** The bank declines the charge with this reason. */
  decline?: Decline;
  /** The customer must first approve the payment in a browser. */
  authenticate?: boolean;
  /** The customer disputes the charge as soon as it is made. */
  dispute?: boolean;
};

const declined = (declineCode: string, message = "Your card was declined."): Decline => ({
  code: "card_declined",
  declineCode,
  message,
});

const declines: Record<string, [last4: string, Decline]> = {
  chargeDeclined: ["0002", declined("generic_decline")],
  chargeDeclinedInsufficientFunds: ["9995", declined("insufficient_funds", "Your card has insufficient funds.")],
  chargeDeclinedLostCard: ["9987", declined("lost_card")],
  chargeDeclinedStolenCard: ["9979", declined("stolen_card")],
  chargeDeclinedExpiredCard: ["0069", { code: "expired_card", message: "Your card has expired." }],
  chargeDeclinedIncorrectCvc: ["0127", { code: "incorrect_cvc", message: "Your card's security code is incorrect." }],
  chargeDeclinedProcessingError: [
    "0119",
    { code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit." },
  ],
};

const cards = new Map<string, TestCard>([
  ["pm_card_visa", { brand: "visa", last4: "4242" }],
  ["pm_card_mastercard", { brand: "mastercard", last4: "4444" }],
  ["pm_card_amex", { brand: "amex", last4: "8431" }],
  ["pm_card_authenticationRequired", { brand: "visa", last4: "3184", authenticate: true }],
  ["pm_card_threeDSecure2Required", { brand: "visa", last4: "3220", authenticate: true }],
  ["pm_card_createDispute", { brand: "visa", last4: "0259", dispute: true }],
]);
// At Stripe some declined cards are named with the brand and some without. Here each of them has both names.
for (const [name, [last4, decline]] of Object.entries(declines)) {
  const card: TestCard = { brand: "visa", last4, decline };
  cards.set(`pm_card_${name}`, card).set(`pm_card_visa_${name}`, card);
}

export const testCards: ReadonlyMap<string, TestCard> = cards;

/** @throws StripeError 400 for an unknown payment method. Stripe does not answer 404 if the id is a parameter */
export function findCard(paymentMethod: string): TestCard {
  const card = cards.get(paymentMethod);
  if (!card) throw noSuch("PaymentMethod", paymentMethod, "payment_method", 400);
  return card;
}
