import { messages } from "@shop/contracts/messages";
import { type Clock, plusSeconds } from "@shop/kit/clock";
import type { Publisher } from "@shop/kit/messaging/publisher";
import { graceSeconds, type HistoryEntry, type MongoOutbox, mongoOutbox } from "@shop/kit/outbox/mongo";
import { hasEnded, pendingCommand, type SagaTransition } from "@shop/kit/saga/engine";
import type { Log } from "@shop/kit/telemetry/log";
import type { Db, UpdateFilter } from "mongodb";
import type { OrderStore, StoredOrder, TimelinesOf } from "../deps";
import { changeOf } from "../domain/history";
import type { Order } from "../domain/order";
import { paymentRefusal } from "../domain/payability";
import { sagaOf } from "../sagas/registry";
import { orderWrites } from "./batched-writes";
import { type OrderDocument, ordersOf, queueStateOf, toOrder, toStored, toTimeline } from "./documents";
import { listFilter } from "./list-filter";
import { orderViews } from "./read-models";

/** A saga that has had no answer for so long is asked for again. */
const answerWithinSeconds = 10;
const mostWritten = 5_000;
/** With so many entries a document's history is cut to half of them, if the rest is in `order_history`. */
export const mostHistory = 100;

export function orderStore(o: {
  db: Db;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  /** For how long a step's answer is waited for before `giveUp` is called. */
  answerLimitSeconds: number;
  giveUp: (orderId: string, version: number) => Promise<void>;
  /** Told of each order that was written. */
  changed?: (orderId: string) => void;
}): OrderStore & { timelinesOf: TimelinesOf; close(): Promise<void> } {
  const orders = ordersOf(o.db);
  const writes = orderWrites(orders);
  const views = orderViews(o.db);
  /** Documents as they were read, so that a commit need not read again. */
  const read = new WeakMap<StoredOrder, OrderDocument>();
  /** Documents this process wrote whose saga goes on: their next answer most likely comes here. */
  const written = new Map<string, OrderDocument>();

  const outbox: MongoOutbox<OrderDocument> = mongoOutbox({
    ...o,
    collection: orders,
    queueState: queueStateOf(o.db),
    source: "order",
    catalogue: messages,
    project: views.project,
    complete: (doc, message) =>
      message.type === "payment.charge"
        ? { ...message, data: { ...(message.data as object), paymentMethod: doc.paymentMethod } }
        : message,
    wakeAgain,
    isOverdue: (doc, seconds) => doc.saga.waiting !== undefined || seconds >= o.answerLimitSeconds,
    giveUp: (doc) => o.giveUp(doc._id, doc.version),
    unanswered: (doc) => pendingCommand(sagaOf(doc.saga), toOrder(doc), doc.saga)?.type,
  });

  const keep = (doc: OrderDocument, older?: HistoryEntry[]): StoredOrder => {
    const stored = toStored(doc, older);
    read.set(stored, doc);
    return stored;
  };

  function wrote(doc: OrderDocument): void {
    written.delete(doc._id);
    if (!hasEnded(doc.saga)) written.set(doc._id, doc);
    if (written.size > mostWritten) written.delete(written.keys().next().value as string);
    outbox.publishCommitted(doc);
    o.changed?.(doc._id);
  }

  const found = (doc: OrderDocument | null) =>
    doc ? { stored: keep(doc), keyHash: doc.idempotency?.hash } : undefined;

  const loadByKey: OrderStore["loadByKey"] = async (scope) =>
    found(await orders.findOne({ "idempotency.scope": scope }));

  return {
    async insert(placed, key) {
      const now = o.clock.now();
      const { id, ...order } = placed.aggregate;
      const change = changeOf(undefined, placed.aggregate);
      const history = outbox.createEntries({ lastSeq: 0 }, placed.drafts, notesOf(placed), change);
      const doc: OrderDocument = {
        _id: id,
        version: 1,
        ...order,
        saga: placed.state,
        history,
        lastSeq: history.length,
        sentSeq: 0,
        unsentSince: now,
        wakeAt: plusSeconds(now, graceSeconds),
        ...(key && { idempotency: key }),
      };
      if (!(await writes.insert(doc))) {
        const first = key && (await loadByKey(key.scope));
        if (!first) throw new Error("an order was refused as a duplicate of none");
        return first;
      }
      wrote(doc);
      return { stored: keep(doc), keyHash: key?.hash };
    },

    async load(orderId) {
      const doc = await orders.findOne({ _id: orderId });
      if (!doc) return undefined;
      const first = doc.history[0]?.seq ?? 1;
      return keep(doc, first > 1 ? await views.historyBefore(orderId, first) : []);
    },
    loadByKey,
    async payables(orderIds) {
      const about = { userId: 1, total: 1, status: 1, holdExpiresAt: 1, cancelReason: 1 };
      const projection = { ...about, "saga.status": 1, "saga.step": 1 };
      const docs = await orders.find({ _id: { $in: orderIds } }, { projection }).toArray();
      return docs.map((doc) => {
        const payable = doc.saga.status === "running" && doc.saga.step === "funds";
        const refusal = paymentRefusal(doc, o.clock.now());
        return { orderId: doc._id, userId: doc.userId, amount: doc.total, payable, ...(refusal && { refusal }) };
      });
    },
    recent(orderId) {
      const doc = written.get(orderId);
      return doc && keep(doc);
    },

    async commit(stored, next, cause) {
      const before = read.get(stored) as OrderDocument;
      const after = changed(before, next, cause);
      const { _id: id, version } = before;
      if (!(await writes.update({ id, version, ...after }))) return undefined;
      wrote(after.doc);
      return keep(after.doc);
    },

    tellAgain(stored, types, sagaId) {
      const doc = read.get(stored) as OrderDocument;
      const told = (entry: HistoryEntry) => entry.sagaid === sagaId && (types as string[]).includes(entry.type);
      const last = doc.history.findLast(told);
      if (last) outbox.resend(doc, last);
    },

    async lapsed(now, limit) {
      const docs = await orders
        .find({ status: "awaiting_payment", holdExpiresAt: { $lte: now } }, { projection: { _id: 1 } })
        .sort({ holdExpiresAt: 1 })
        .limit(limit)
        .toArray();
      return docs.map((doc) => doc._id);
    },

    async listByUser(userId, query) {
      const { limit } = query;
      const docs = await orders
        .find(listFilter(userId, query), { projection: { history: 0, saga: 0 } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = docs.slice(0, limit).map(toOrder);
      return { items, nextCursor: docs.length > limit ? (items.at(-1) as Order).id : null };
    },

    async timelinesOf(after) {
      // What a majority has cannot be taken back: an entry that was shown keeps its number.
      const options = { projection: { status: 1, history: 1 }, readConcern: { level: "majority" } } as const;
      const docs = await orders.find({ _id: { $in: [...after.keys()] } }, options).toArray();
      return Promise.all(
        docs.map(async ({ _id: orderId, status, history }) => {
          const first = history[0]?.seq ?? 1;
          const wanted = (after.get(orderId) ?? 0) + 1;
          const older = wanted < first ? await views.historyBefore(orderId, first) : [];
          return { orderId, status, entries: [...older, ...history].map(toTimeline) };
        }),
      );
    },

    close: () => outbox.close(),
  };

  /** The document after an answer or a request, and the update that makes it so. */
  function changed(before: OrderDocument, next: SagaTransition<Order>, cause: "answer" | "request") {
    const now = o.clock.now();
    const { id: _, ...order } = next.aggregate;
    const change = changeOf(toOrder(before), next.aggregate);
    const notes = notesOf(next);
    // Nothing changes without a trace: from the history alone the order can be told.
    if (change && notes.length + next.drafts.length === 0) notes.push({ type: "order.changed", data: {} });
    const entries = outbox.createEntries(before, next.drafts, notes, change);
    const set = {
      status: order.status,
      paymentMethod: order.paymentMethod,
      payment: order.payment,
      refusedPayments: order.refusedPayments,
      cancelRequested: order.cancelRequested,
      cancelReason: order.cancelReason,
      saga: next.state,
      updatedAt: now,
      lastSeq: before.lastSeq + entries.length,
      // An answer proves that its question was sent, and all before it: no write of its own for that.
      sentSeq: cause === "answer" ? Math.max(before.sentSeq, lastMessage(before)) : before.sentSeq,
      unsentSince: now,
      wakeAt: plusSeconds(now, graceSeconds),
      version: before.version + 1,
      asked: 0,
      waitedSeconds: 0,
    };
    const old = mostOf(before);
    const history = [...old, ...entries];
    const doc: OrderDocument = { ...before, ...set, history };
    const update: UpdateFilter<OrderDocument> =
      old === before.history
        ? { $set: set, $push: { history: { $each: entries } } }
        : { $set: { ...set, history } as typeof set };
    return { doc, update, entryId: entries.at(-1)?.id };
  }
}

/** The history that stays in the document: what is neither sent nor in the read models, and the latest of the rest. */
function mostOf({ history, sentSeq, projectedSeq = 0 }: OrderDocument): HistoryEntry[] {
  if (history.length < mostHistory) return history;
  const done = Math.min(sentSeq, projectedSeq);
  const kept = history.filter((entry, index) => entry.seq > done || index >= history.length - mostHistory / 2);
  return kept.length < history.length ? kept : history;
}

function wakeAgain({ saga, updatedAt }: OrderDocument): Date | undefined {
  if (hasEnded(saga) || saga.stuck) return undefined;
  return saga.waiting ? new Date(saga.waiting.until) : plusSeconds(updatedAt, answerWithinSeconds);
}

const lastMessage = (doc: OrderDocument): number => doc.history.findLast((entry) => !entry.note)?.seq ?? 0;

const notesOf = (advanced: SagaTransition<Order>): { type: string; data: unknown }[] =>
  advanced.outcomes.map((note) => ({ type: "saga.step", data: note }));
