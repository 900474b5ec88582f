import type { Payable } from "@shop/contracts/internal-api";
import type { Clock } from "@shop/kit/clock";
import type { Log } from "@shop/kit/log";
import type { Message } from "@shop/kit/messages";
import type { GatewayCall, Payment } from "./domain/payment";
import type { Gateway } from "./gateways/gateway";

/** One call to a provider, for the record. */
export type CallRecord = {
  call: GatewayCall;
  idempotencyKey: string;
  outcome: "answered" | "unknown";
  detail: string;
  latencyMs: number;
};

export type NewPayment = Omit<Payment, "attempts" | "leaseId" | "createdAt" | "updatedAt">;

export type PaymentStore = {
  /**
   * Stores a payment unless its saga has one already. A new one is leased to the caller.
   * @throws if the order has a live payment of another saga
   */
  open(payment: NewPayment): Promise<{ payment: Payment; isNew: boolean }>;
  bySaga(sagaId: string): Promise<Payment | undefined>;
  byId(paymentId: string): Promise<Payment | undefined>;
  byOrder(orderId: string): Promise<Payment[]>;
  /**
   * Makes sure nobody else calls the provider for this payment for a while.
   * @returns the payment as it is now; undefined if somebody else does, or the pause after an unanswered call is not over
   */
  lease(paymentId: string): Promise<Payment | undefined>;
  /**
   * Saves what was seen, and the call. At an end the answer is told, `message` noted as handled and the lease given up.
   * @returns the payment as it is now (what is desired may have changed meanwhile); undefined if the lease was lost
   */
  save(before: Payment, after: Payment, record?: CallRecord, message?: Message): Promise<Payment | undefined>;
  /** Notes that the money must not be held, and which saga is to be told when none is. */
  release(paymentId: string, sagaId: string): Promise<void>;
  /** Tells a payment's end again, for a command that came after it. */
  answerAgain(payment: Payment, message: Message): Promise<void>;
  /** Payments that are not where they should be and that nobody works on. */
  due(limit: number): Promise<string[]>;
};

export type Deps = {
  store: PaymentStore;
  gateways: Record<string, Gateway>;
  payableOf(orderId: string): Promise<Payable>;
  /** Opens what order sealed. */
  unseal(sealed: string): Promise<string>;
  clock: Clock;
  log: Log;
};
