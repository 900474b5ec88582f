import type { Payable } from "@shop/contracts/internal-api";
import type { Draft } from "@shop/contracts/messages";
import type { Clock } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Log } from "@shop/kit/telemetry/log";
import type { GatewayCall, NewPayment, Payment } from "./domain/payment";
import type { Gateway } from "./gateways/gateway";
import type { Moved } from "./sagas/pay-order";

/** One call to a provider, for the record. */
export type CallRecord = {
  call: GatewayCall;
  idempotencyKey: string;
  outcome: "answered" | "unknown";
  detail: string;
  latencyMs: number;
};

export type PaymentStore = {
  /**
   * Stores a payment unless its saga has one already. A new one is leased to the caller.
   * @throws if the order has a live payment of another saga
   */
  open(payment: NewPayment): Promise<{ payment: Payment; isNew: boolean }>;
  /**
   * Stores a payment that its payer asked for, with the first question of its saga. Nobody has its lease: it is not due yet.
   * @returns undefined if the key was used before, or the order has a live payment
   */
  start(begun: Moved<NewPayment>, key?: Idempotency): Promise<Payment | undefined>;
  byKey(scope: string): Promise<{ payment: Payment; keyHash?: string } | undefined>;
  /**
   * Locks the payment of a saga and commits what `decide` makes of it, with the note that `message` was handled.
   * One that has become due is leased to the caller.
   * @returns the payment as it is now; undefined if nothing changed
   */
  moveSaga(
    sagaId: string,
    message: Message,
    decide: (payment: Payment) => Moved | undefined,
  ): Promise<Payment | undefined>;
  /** Sends what `question` says for sagas that have waited for an answer for too long. Each time they wait twice as long. */
  askAgain(limit: number, question: (payment: Payment) => Draft | undefined): Promise<void>;
  bySaga(sagaId: string): Promise<Payment | undefined>;
  byId(paymentId: string): Promise<Payment | undefined>;
  byOrder(orderId: string): Promise<Payment[]>;
  /**
   * Makes sure nobody else calls the provider for this payment for a while.
   * @returns the payment as it is now; undefined if somebody else does, or the pause after an unanswered call is not over
   */
  lease(paymentId: string): Promise<Payment | undefined>;
  /**
   * Saves what was seen, the call, and what is told. At an end `message` is noted as handled and the lease given up.
   * @returns the payment as it is now (what is desired may have changed meanwhile); undefined if the lease was lost
   */
  save(before: Payment, after: Moved, record?: CallRecord, message?: Message): Promise<Payment | undefined>;
  /** Notes that the money must not be held, and which saga is to be told when none is. */
  release(paymentId: string, sagaId: string): Promise<void>;
  /** Tells a payment's end again, for a command that came after it. */
  answerAgain(payment: Payment, message: Message): Promise<void>;
  /** Payments that are not where they should be and that nobody works on. */
  due(limit: number): Promise<string[]>;
};

/** One answer for one key, whoever comes first. */
export type Idempotency = { scope: string; hash: string };

export type Deps = {
  store: PaymentStore;
  gateways: Record<string, Gateway>;
  payableOf(orderId: string): Promise<Payable>;
  /** How long a payer is kept waiting for what comes of the payment. */
  waitMs: number;
  /** Closes a payment token, for `unseal` alone: it lies in the store like that. */
  seal(token: string): Promise<string>;
  /** Opens what order or this service sealed. */
  unseal(sealed: string): Promise<string>;
  clock: Clock;
  log: Log;
};
