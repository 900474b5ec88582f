import { messages } from "@shop/contracts/messages";
import { type Clock, plusSeconds } from "@shop/kit/clock";
import type { Log } from "@shop/kit/log";
import { graceSeconds, type MongoOutbox, mongoOutbox } from "@shop/kit/outbox-mongo";
import type { Publisher } from "@shop/kit/publisher";
import { type Advanced, atEnd } from "@shop/kit/saga";
import type { Db, UpdateFilter } from "mongodb";
import type { OrderStore, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { sagaOf } from "../sagas/saga-of";
import { type OrderDocument, ordersOf, queueStateOf, toOrder, toStored } from "./documents";
import { listFilter } from "./list-filter";
import { orderWrites } from "./writes";

/** A saga that has had no answer for so long is asked for again. */
const answerWithinSeconds = 10;
const mostWritten = 5_000;

export function orderStore(o: {
  db: Db;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  /** For how long a step's answer is waited for before `giveUp` is called. */
  answerLimitSeconds: number;
  giveUp: (orderId: string, version: number) => Promise<void>;
}): OrderStore & { close(): Promise<void> } {
  const orders = ordersOf(o.db);
  const writes = orderWrites(orders);
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
    complete: (doc, message) =>
      message.type === "payment.charge"
        ? { ...message, data: { ...(message.data as object), paymentMethod: doc.paymentMethod } }
        : message,
    wakeAgain,
    isOverdue: (doc, seconds) => doc.saga.waiting !== undefined || seconds >= o.answerLimitSeconds,
    giveUp: (doc) => o.giveUp(doc._id, doc.version),
    unanswered: (doc) => {
      const step = sagaOf(doc.saga).steps.find((candidate) => candidate.name === doc.saga.step);
      if (atEnd(doc.saga) || step?.kind !== "ask") return undefined;
      if (doc.saga.status === "running") return step.do(toOrder(doc)).type;
      return step.undo?.(toOrder(doc), undefined, doc.saga.failure ?? { step: "", code: "" }).type;
    },
  });

  const keep = (doc: OrderDocument): StoredOrder => {
    const stored = toStored(doc);
    read.set(stored, doc);
    return stored;
  };

  function wrote(doc: OrderDocument): void {
    written.delete(doc._id);
    if (!atEnd(doc.saga)) written.set(doc._id, doc);
    if (written.size > mostWritten) written.delete(written.keys().next().value as string);
    outbox.committed(doc);
  }

  const found = (doc: OrderDocument | null) =>
    doc ? { stored: keep(doc), keyHash: doc.idempotency?.hash } : undefined;

  const loadByKey: OrderStore["loadByKey"] = async (scope) =>
    found(await orders.findOne({ "idempotency.scope": scope }));

  return {
    async insert(placed, key) {
      const now = o.clock.now();
      const { id, ...order } = placed.aggregate;
      const history = outbox.entries({ lastSeq: 0 }, placed.drafts, notesOf(placed));
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
      return doc ? keep(doc) : undefined;
    },
    loadByKey,
    async payable(orderId) {
      const projection = { userId: 1, total: 1, "saga.status": 1, "saga.step": 1 };
      const doc = await orders.findOne({ _id: orderId }, { projection });
      if (!doc) return undefined;
      const payable = doc.saga.status === "running" && doc.saga.step === "funds";
      return { orderId, userId: doc.userId, amount: doc.total, payable };
    },
    recent(orderId) {
      const doc = written.get(orderId);
      return doc && keep(doc);
    },

    async commit(stored, next, cause) {
      const before = read.get(stored) as OrderDocument;
      const after = changed(before, next, cause);
      const { _id: id, version } = before;
      if (!(await writes.update({ id, version, update: after.update }))) return undefined;
      wrote(after.doc);
      return keep(after.doc);
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

    close: () => outbox.close(),
  };

  /** The document after an answer or a request, and the update that makes it so. */
  function changed(before: OrderDocument, next: Advanced<Order>, cause: "answer" | "request") {
    const now = o.clock.now();
    const { id: _, ...order } = next.aggregate;
    const entries = outbox.entries(before, next.drafts, notesOf(next));
    const set = {
      status: order.status,
      paymentMethod: order.paymentMethod,
      payment: order.payment,
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
    const doc: OrderDocument = { ...before, ...set, history: [...before.history, ...entries] };
    const update: UpdateFilter<OrderDocument> = { $set: set, $push: { history: { $each: entries } } };
    return { doc, update };
  }
}

function wakeAgain({ saga, updatedAt }: OrderDocument): Date | undefined {
  if (atEnd(saga) || saga.stuck) return undefined;
  return saga.waiting ? new Date(saga.waiting.until) : plusSeconds(updatedAt, answerWithinSeconds);
}

const lastMessage = (doc: OrderDocument): number => doc.history.findLast((entry) => !entry.note)?.seq ?? 0;

const notesOf = (advanced: Advanced<Order>) => advanced.notes.map((note) => ({ type: "saga.step", data: note }));
