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

// Records are immutable: a change creates a new object. A response stored for an idempotency key, or an event that
// awaits delivery, therefore only needs a reference to the record it shows.
export type Intent = Readonly<{
  id: string;
  amount: number;
  currency: string;
  status: IntentStatus;
  captureMethod: "automatic" | "automatic_async" | "manual";
  /** Whether the caller allows redirects. Stripe then requires a `return_url` to confirm. */
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
  /** The id of the balance transaction that moved the money. */
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
