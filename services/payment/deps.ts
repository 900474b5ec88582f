import type { Payable } from "@shop/contracts/internal-api";
import type { Draft } from "@shop/contracts/messages";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Log } from "@shop/kit/telemetry/log";
import type { GatewayCall, NewPayment, Payment } from "./domain/payment";
import type { Gateway } from "./gateways/gateway";
import type { PaymentTransition } from "./sagas/pay-order";

/** One call to a provider, as it is stored. `unknown`: no response arrived, and the provider may have acted. */
export type CallRecord = {
  call: GatewayCall;
  idempotencyKey: string;
  outcome: "answered" | "unknown";
  detail: string;
  latencyMs: number;
};

export type PaymentReads = {
  findById(paymentId: string): Promise<Payment | undefined>;
  findBySaga(sagaId: string): Promise<Payment | undefined>;
  /** Finds the payment that a request with this idempotency scope started. */
  findByKey(scope: string): Promise<{ payment: Payment; requestHash?: string } | undefined>;
  /** The payments of an order, oldest first. */
  listByOrder(orderId: string): Promise<Payment[]>;
  /** The ids of up to `limit` payments that need a call to the provider and are not leased. */
  listDue(limit: number): Promise<string[]>;
};

/** Writes around calls to the provider. Only the holder of the lease calls the provider and saves the result. */
export type LeasedWrites = {
  /**
   * Stores a payment unless its saga already has one. A new pending payment is leased to the caller.
   * @throws Error if the order has a live payment of another saga
   */
  open(payment: NewPayment): Promise<{ payment: Payment; isNew: boolean }>;
  /**
   * Leases a payment to the caller.
   * @returns the current payment; undefined if it is leased, or the pause after a call without a response is not over
   */
  lease(paymentId: string): Promise<Payment | undefined>;
  /**
   * Saves the observed state, the call and the messages. If the payment ends, `message` is recorded as handled. The lease is
   * given up if the payment ends or a pause follows; otherwise it is extended.
   * @returns the current payment, whose `desired` may have changed; undefined if the lease was lost and nothing was saved
   */
  save(before: Payment, after: PaymentTransition, record?: CallRecord, message?: Message): Promise<Payment | undefined>;
  /** Sets `desired` to `released`, so that the money is given back, and stores which saga receives the reply. */
  requestRelease(paymentId: string, sagaId: string): Promise<void>;
  /** Sends the reply of a payment that has already ended, for a command that arrived later. */
  sendReply(payment: Payment, message: Message): Promise<void>;
};

/** Writes of payments whose saga is stored with them. */
export type SagaWrites = {
  /**
   * Stores a payment with its saga and the saga's first command. It is not leased: it is not due yet.
   * @returns undefined if the idempotency key is already used or the order already has a live payment
   */
  startSaga(started: PaymentTransition<NewPayment>, request?: IdempotentRequest): Promise<Payment | undefined>;
  /**
   * Locks the payment of a saga, then commits the transition that `decide` returns and records `message` as handled. A
   * payment that becomes due is leased to the caller.
   * @returns the current payment; undefined if nothing changed
   */
  moveSaga(
    sagaId: string,
    message: Message,
    decide: (payment: Payment) => PaymentTransition | undefined,
  ): Promise<Payment | undefined>;
  /** Sends the commands of up to `limit` sagas whose reply is overdue. The interval doubles, up to ten minutes. */
  retryCommands(limit: number, toCommand: (payment: Payment) => Draft | undefined): Promise<void>;
};

export type PaymentStore = PaymentReads & LeasedWrites & SagaWrites;

export type Deps = {
  store: PaymentStore;
  /** The gateways by the name of their provider. */
  gateways: Record<string, Gateway>;
  /**
   * What may be charged for an order, according to the order service.
   * @throws AppError `order.not_found` (404), `order.unavailable` (503)
   */
  loadPayable(orderId: string): Promise<Payable>;
  /** How long `POST /payments/process` waits for the payment to end before it responds. */
  waitMsMax: number;
  /** Encrypts a payment token for storage. Only `unseal` can read it. */
  seal(token: string): Promise<string>;
  /** Decrypts a payment token that order or this service sealed. */
  unseal(sealed: string): Promise<string>;
  log: Log;
};
