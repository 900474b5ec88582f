import { testCards } from "../test-cards";
import type { CardError } from "../types";

export function viewCardError(error: CardError) {
  return {
    ...(error.charge && { charge: error.charge }),
    code: error.code,
    ...(error.declineCode && { decline_code: error.declineCode }),
    doc_url: `https://stripe.com/docs/error-codes/${error.code.replaceAll("_", "-")}`,
    message: error.message,
    payment_method: viewPaymentMethod(error.paymentMethod),
    type: "card_error",
  };
}

export function cardFields(paymentMethod: string) {
  const card = testCards.get(paymentMethod);
  return {
    brand: card?.brand ?? "unknown",
    country: "US",
    exp_month: 12,
    exp_year: 2034,
    funding: "credit",
    last4: card?.last4 ?? "0000",
  };
}

export const viewPaymentMethod = (id: string) => ({
  id,
  object: "payment_method",
  card: cardFields(id),
  customer: null,
  livemode: false,
  metadata: {},
  type: "card",
});
