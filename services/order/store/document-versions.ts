import { plusSeconds } from "@shop/kit/clock";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import { graceSeconds, type MongoOutbox } from "@shop/kit/outbox/mongo";
import type { HistoryEntry } from "@shop/kit/outbox/mongo-document";
import type { SagaTransition } from "@shop/kit/saga/definition";
import type { UpdateFilter } from "mongodb";
import { recordChange } from "../domain/history";
import type { Order } from "../domain/order";
import { type OrderDocument, toOrder } from "./documents";

type Outbox = Pick<MongoOutbox<OrderDocument>, "createEntries" | "nextVia">;

/** When a document's history has this many entries, it is cut to half of them, provided `order_history` has the rest. */
export const historyMax = 100;

/** The document of a new order. */
export function newDocument(
  placed: SagaTransition<Order>,
  o: { request?: IdempotentRequest; outbox: Outbox; now: Date },
): OrderDocument {
  const { id, ...order } = placed.aggregate;
  const change = recordChange(undefined, placed.aggregate);
  const history = o.outbox.createEntries({ lastSeq: 0 }, placed.drafts, toNotes(placed), change);
  return {
    _id: id,
    version: 1,
    ...order,
    saga: placed.state,
    history,
    lastSeq: history.length,
    sentSeq: 0,
    via: o.outbox.nextVia(undefined),
    unsentSince: o.now,
    wakeAt: plusSeconds(o.now, graceSeconds),
    ...(o.request && { idempotency: { scope: o.request.scope, hash: o.request.requestHash } }),
  };
}

/**
 * The document after a transition, and the update that produces it.
 * @returns `entryId` identifies the write: the id of the last history entry that it adds
 */
export function nextDocument(
  before: OrderDocument,
  next: SagaTransition<Order>,
  o: { cause: "reply" | "request"; outbox: Outbox; now: Date },
): { doc: OrderDocument; update: UpdateFilter<OrderDocument>; entryId: string | undefined } {
  const { id: _, ...order } = next.aggregate;
  const change = recordChange(toOrder(before), next.aggregate);
  const notes = toNotes(next);
  // A change needs an entry that records it: the order must be rebuildable from its history alone.
  if (change && notes.length + next.drafts.length === 0) notes.push({ type: "order.changed", data: {} });
  const entries = o.outbox.createEntries(before, next.drafts, notes, change);
  const set = {
    status: order.status,
    paymentMethod: order.paymentMethod,
    payment: order.payment,
    refusedPayments: order.refusedPayments,
    cancelRequested: order.cancelRequested,
    cancelReason: order.cancelReason,
    saga: next.state,
    updatedAt: o.now,
    lastSeq: before.lastSeq + entries.length,
    // A reply proves that the command it answers and all earlier messages were sent. Recording it here saves a write.
    sentSeq: o.cause === "reply" ? Math.max(before.sentSeq, lastMessageSeq(before)) : before.sentSeq,
    via: o.outbox.nextVia(before.via),
    unsentSince: o.now,
    wakeAt: plusSeconds(o.now, graceSeconds),
    version: before.version + 1,
    asked: 0,
    waitedSeconds: 0,
  };
  const kept = cutHistory(before);
  const history = [...kept, ...entries];
  const update: UpdateFilter<OrderDocument> =
    kept === before.history
      ? { $set: set, $push: { history: { $each: entries } } }
      : { $set: { ...set, history } as typeof set };
  return { doc: { ...before, ...set, history }, update, entryId: entries.at(-1)?.id };
}

/**
 * The history that stays in the document: entries that are unsent or missing in the read models, and the latest of the
 * others.
 * @returns the same array if nothing is cut
 */
function cutHistory({ history, sentSeq, projectedSeq = 0 }: OrderDocument): HistoryEntry[] {
  if (history.length < historyMax) return history;
  const done = Math.min(sentSeq, projectedSeq);
  const kept = history.filter((entry, index) => entry.seq > done || index >= history.length - historyMax / 2);
  return kept.length < history.length ? kept : history;
}

const lastMessageSeq = ({ history }: OrderDocument): number => history.findLast((entry) => !entry.note)?.seq ?? 0;

const toNotes = ({ outcomes }: SagaTransition<Order>): { type: string; data: unknown }[] =>
  outcomes.map((outcome) => ({ type: "saga.step", data: outcome }));
