export type EventType =
  | "payment_intent.succeeded"
  | "payment_intent.payment_failed"
  | "payment_intent.canceled"
  | "payment_intent.requires_action"
  | "payment_intent.amount_capturable_updated"
  | "charge.refunded"
  | "charge.dispute.created";

export type StripeEvent = {
  id: string;
  type: EventType;
  created: number;
  object: () => unknown;
  delivered: boolean;
  attempts: number;
};
