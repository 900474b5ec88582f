import type { InternalProduct, Payable } from "@shop/contracts/internal-api";
import type { MessageType } from "@shop/contracts/messages";
import type { User } from "@shop/kit/auth/access";
import type { Clock } from "@shop/kit/clock";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { SagaState, SagaTransition } from "@shop/kit/saga/definition";
import type { Log } from "@shop/kit/telemetry/log";
import type { Order, OrderStatus } from "./domain/order";

/** Everything the use cases need from outside. main.ts provides it. */
export type Deps = {
  store: OrderStore;
  live: LiveTimelines;
  /**
   * The products with these ids; unknown ids are left out.
   * @throws AppError `inventory.unavailable` (503)
   */
  loadProducts(ids: string[]): Promise<InternalProduct[]>;
  /** @throws AppError `user.unavailable` (503) */
  userExists(userId: string): Promise<boolean>;
  /** Encrypts a payment token as a JWE that only the payment service can decrypt. */
  seal(token: string): Promise<string>;
  /** Whether new orders are refused because too many are in progress. */
  backlogIsFull(): boolean;
  /** How long an order without a payment method holds its stock. */
  holdSeconds: number;
  /** How many payments of one order may fail before the order is cancelled. */
  paymentAttemptsMax: number;
  clock: Clock;
  log: Log;
};

/** What a decision about an order is based on: the order, and the saga that it is in or was in last. */
export type OrderAndSaga = { order: Order; saga: SagaState };

export type StoredOrder = OrderAndSaga & {
  /** Increases by one with each write. */
  version: number;
  timeline: TimelineEntry[];
  /** For the store alone. It must not appear in a response: it contains what the client may not see. */
  handle: StoreHandle;
};

declare const storeHandle: unique symbol;
/** The state from which the store writes an order's next version. Only the store creates and reads it. */
export type StoreHandle = { readonly [storeHandle]: true };

/** A history entry, as the order's owner may see it. */
export type TimelineEntry = {
  seq: number;
  type: string;
  /** ISO 8601 */
  at: string;
  /** On an entry about a saga step: the step, its outcome, and the error code if it has one. */
  step?: string;
  outcome?: string;
  code?: string;
  /** On an entry about a status change: the new status and the employee's text for the buyer. */
  status?: string;
  reason?: string;
};

/** Newest first. */
export type OrderQuery = {
  limit: number;
  cursor?: string;
  status?: OrderStatus;
  product?: string;
  /** Placed at this time or later. */
  from?: Date;
  /** Placed before this time. */
  to?: Date;
};
export type Page = { items: Order[]; nextCursor: string | null };

/** An order found by idempotency key, with the hash of the request that placed it. */
export type KeyedOrder = { stored: StoredOrder; requestHash?: string };

export type OrderStore = {
  /** Stores a new order. If the key was used before, nothing is stored and the order placed with it is returned. */
  insert(placed: SagaTransition<Order>, request?: IdempotentRequest): Promise<KeyedOrder>;
  load(orderId: string): Promise<StoredOrder | undefined>;
  /**
   * The order as this process last wrote it, without a query; undefined unless its saga continues and the write was recent.
   * Another process may have written since; then `commit` fails.
   */
  findRecent(orderId: string): StoredOrder | undefined;
  loadByKey(scope: string): Promise<KeyedOrder | undefined>;
  /** What payment may charge for these orders now; unknown ids are left out. */
  loadPayables(orderIds: string[]): Promise<Payable[]>;
  /**
   * Saves a transition and publishes its messages.
   * @param cause `reply` records all earlier messages of the order as sent: a reply, or giving up on one, proves that its
   * command was sent. `request` records nothing, because a request proves nothing about earlier messages.
   * @returns the order after the write; undefined if another write came first, or may have come first. The caller then
   * reloads the order and decides again.
   */
  commit(
    stored: StoredOrder,
    next: SagaTransition<Order>,
    cause: "reply" | "request",
  ): Promise<StoredOrder | undefined>;
  /** Resends the latest message of one of these types that the order sent to a saga, if there is one. */
  resendLatest(stored: StoredOrder, types: MessageType[], sagaId: string): void;
  /** Ids of orders that await payment although their hold has lapsed, the earliest first. */
  findLapsed(now: Date, limit: number): Promise<string[]>;
  listByUser(userId: string, query: OrderQuery): Promise<Page>;
};

/** As much of an order as its live timeline needs. */
export type OrderTimeline = { orderId: string; status: OrderStatus; entries: TimelineEntry[] };

/** @param after for each order id, the `seq` after which entries are needed; earlier ones may be returned too */
export type LoadTimelines = (after: ReadonlyMap<string, number>) => Promise<OrderTimeline[]>;

export type LiveTimelines = {
  /**
   * The timeline's entries after `seq` number `after`, then each new one, as server-sent events. The stream ends when the
   * order reaches a final status, when the user's token expires, or when the process stops.
   * @throws AppError `order.too_many_streams` (429)
   */
  open(o: { user: User; orderId: string; after: number }): ReadableStream<Uint8Array>;
};
