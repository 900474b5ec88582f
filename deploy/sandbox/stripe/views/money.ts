import type { LedgerEntry } from "../ledger";
import type { Charge, Dispute, Refund } from "../types";
import { cardFields } from "./card";

export function viewCharge(charge: Charge) {
  const { failure } = charge;
  return {
    id: charge.id,
    object: "charge",
    amount: charge.amount,
    amount_captured: charge.captured,
    amount_refunded: charge.refunded,
    balance_transaction: charge.transaction ?? null,
    captured: charge.captured > 0,
    created: charge.created,
    currency: charge.currency,
    disputed: charge.disputed,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    livemode: false,
    metadata: charge.metadata,
    outcome: {
      network_status: failure ? "declined_by_network" : "approved_by_network",
      reason: failure ? (failure.declineCode ?? failure.code) : null,
      seller_message: failure ? "The bank returned a decline." : "Payment complete.",
      type: failure ? "issuer_declined" : "authorized",
    },
    paid: charge.status === "succeeded",
    payment_intent: charge.intent,
    payment_method: charge.paymentMethod,
    payment_method_details: {
      card: {
        ...cardFields(charge.paymentMethod),
        three_d_secure: charge.authenticated ? { authentication_flow: "challenge", result: "authenticated" } : null,
      },
      type: "card",
    },
    refunded: charge.captured > 0 && charge.refunded === charge.captured,
    status: charge.status,
  };
}

export const viewRefund = (refund: Refund) => ({
  id: refund.id,
  object: "refund",
  amount: refund.amount,
  balance_transaction: refund.transaction,
  charge: refund.charge,
  created: refund.created,
  currency: refund.currency,
  metadata: refund.metadata,
  payment_intent: refund.intent,
  reason: refund.reason ?? null,
  status: "succeeded",
});

export const viewDispute = (dispute: Dispute) => ({
  id: dispute.id,
  object: "dispute",
  amount: dispute.amount,
  balance_transactions: [],
  charge: dispute.charge,
  created: dispute.created,
  currency: dispute.currency,
  evidence_details: { due_by: dispute.created + 7 * 86_400, has_evidence: false, past_due: false, submission_count: 0 },
  is_charge_refundable: false,
  livemode: false,
  metadata: {},
  payment_intent: dispute.intent,
  reason: "fraudulent",
  status: "needs_response",
});

/** A ledger entry as a balance transaction. The fee of a charge is 2.9 % + 30; a refund or dispute does not return it. */
export function viewTransaction(entry: LedgerEntry) {
  const amount = entry.type === "charge" ? entry.amount : -entry.amount;
  const fee = entry.type === "charge" ? Math.round(entry.amount * 0.029) + 30 : 0;
  return {
    id: entry.transaction,
    object: "balance_transaction",
    amount,
    available_on: entry.at,
    created: entry.at,
    currency: entry.currency,
    exchange_rate: null,
    fee,
    fee_details: [],
    net: amount - fee,
    reporting_category: entry.type,
    source: entry.source,
    status: "available",
    type: entry.type === "dispute" ? "adjustment" : entry.type,
  };
}
