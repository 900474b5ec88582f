export type Metadata = Readonly<Record<string, string>>;

export type IntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "requires_capture"
  | "succeeded"
  | "canceled";

export type CardError = {
  code: string;
  declineCode: string | undefined;
  message: string;
  charge: string | undefined;
  paymentMethod: string;
};

// Records are never changed in place: a new state is a new object. So an answer saved for an idempotency key, or an
// event waiting for delivery, needs only a reference to the state it shows.
export type Intent = Readonly<{
  id: string;
  amount: number;
  currency: string;
  status: IntentStatus;
  captureMethod: "automatic" | "automatic_async" | "manual";
  /** True when the caller did not rule out redirects: Stripe then demands a return_url at confirm. */
  redirectsAllowed: boolean;
  paymentMethod: string | undefined;
  metadata: Metadata;
  description: string | undefined;
  created: number;
  received: number;
  latestCharge: string | undefined;
  lastError: CardError | undefined;
  returnUrl: string | undefined;
  canceledAt: number | undefined;
  cancellationReason: string | undefined;
}>;

export type Charge = Readonly<{
  id: string;
  intent: string;
  amount: number;
  currency: string;
  captured: number;
  refunded: number;
  status: "succeeded" | "failed";
  disputed: boolean;
  authenticated: boolean;
  paymentMethod: string;
  metadata: Metadata;
  created: number;
  failure: CardError | undefined;
  /** The balance transaction, which is the ledger entry, that moved its money. */
  transaction: string | undefined;
  refunds: readonly string[];
}>;

export type Refund = Readonly<{
  id: string;
  charge: string;
  intent: string;
  amount: number;
  currency: string;
  reason: string | undefined;
  metadata: Metadata;
  created: number;
  transaction: string;
}>;

export type Dispute = Readonly<{
  id: string;
  charge: string;
  intent: string;
  amount: number;
  currency: string;
  created: number;
  transaction: string;
}>;
