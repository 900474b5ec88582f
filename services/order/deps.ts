import type { InternalProduct, Payable } from "@shop/contracts/internal-api";
import type { MessageType } from "@shop/contracts/messages";
import type { User } from "@shop/kit/auth/access";
import type { Clock } from "@shop/kit/clock";
import type { SagaState, SagaTransition } from "@shop/kit/saga/engine";
import type { Log } from "@shop/kit/telemetry/log";
import type { Order, OrderStatus } from "./domain/order";

/** One line of an order's life, as its owner may see it. */
export type TimelineEntry = {
  seq: number;
  type: string;
  at: string;
  step?: string;
  outcome?: string;
  code?: string;
} & StatusLine;
/** Where its parcel is, and what was said about it. */
type StatusLine = { status?: string; reason?: string };

/** As much of an order as its live timeline needs. */
export type OrderTimeline = { orderId: string; status: OrderStatus; entries: TimelineEntry[] };

/** Of each order, at least the entries beyond the number that it has here. */
export type TimelinesOf = (after: ReadonlyMap<string, number>) => Promise<OrderTimeline[]>;

export type LiveTimelines = {
  /**
   * A timeline's entries beyond number `after`, then those to come, as server-sent events, until the order is at an end, the
   * user's token expires or the process stops.
   * @throws AppError `order.too_many_streams` (429)
   */
  open(o: { user: User; orderId: string; after: number }): ReadableStream<Uint8Array>;
};

export type StoredOrder = { order: Order; saga: SagaState; version: number; timeline: TimelineEntry[] };

/** One answer for one key, whoever comes first: same key and request → the first order again. */
export type Idempotency = { scope: string; hash: string };

/** From new to old. `from` counts, `to` does not any more. */
export type OrderQuery = {
  limit: number;
  cursor?: string;
  status?: OrderStatus;
  product?: string;
  from?: Date;
  to?: Date;
};
export type Page = { items: Order[]; nextCursor: string | null };

export type OrderStore = {
  /** Stores a new order; the owner of an idempotency key that is taken already gets the order that took it. */
  insert(placed: SagaTransition<Order>, key?: Idempotency): Promise<{ stored: StoredOrder; keyHash?: string }>;
  load(orderId: string): Promise<StoredOrder | undefined>;
  /** The order as this process last wrote it, if it did lately. Another may have written since, which a commit finds out. */
  recent(orderId: string): StoredOrder | undefined;
  loadByKey(scope: string): Promise<{ stored: StoredOrder; keyHash?: string } | undefined>;
  /** What payment may charge now for those of the orders that exist; little of them is read for it. */
  payables(orderIds: string[]): Promise<Payable[]>;
  /**
   * Saves what changed, and publishes.
   * @param cause an answer proves that its question was sent, and so does giving up on one; a request proves nothing
   * @returns the order as it is now; undefined if somebody else wrote since `stored` was loaded, or may have
   */
  commit(
    stored: StoredOrder,
    next: SagaTransition<Order>,
    cause: "answer" | "request",
  ): Promise<StoredOrder | undefined>;
  /** Sends the last of these messages that a saga was told again, if it was told any: it asks as if it had not heard. */
  tellAgain(stored: StoredOrder, types: MessageType[], sagaId: string): void;
  /** Orders that have awaited their payment for too long, the longest first. */
  lapsed(now: Date, limit: number): Promise<string[]>;
  listByUser(userId: string, query: OrderQuery): Promise<Page>;
};

export type Deps = {
  store: OrderStore;
  live: LiveTimelines;
  /** inventory's products with these ids; the ones that do not exist are missing. */
  productsOf(ids: string[]): Promise<InternalProduct[]>;
  /** How long an order that is paid for later holds its stock, and how many payments its owner may try. */
  holdSeconds: number;
  paymentAttempts: number;
  /** user's verdict, kept for 30 s. */
  userExists(userId: string): Promise<boolean>;
  /** Closes a payment token so that only the payment service can read it: a JWE. */
  seal(token: string): Promise<string>;
  /** Whether so many orders are on their way that no more are taken. */
  backlogIsFull(): boolean;
  clock: Clock;
  log: Log;
};
