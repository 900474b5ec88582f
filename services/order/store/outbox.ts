import { messages } from "@shop/contracts/messages";
import { type Clock, plusSeconds } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Publisher } from "@shop/kit/messaging/publisher";
import { type MongoOutbox, mongoOutbox } from "@shop/kit/outbox/mongo";
import type { QueueState } from "@shop/kit/outbox/mongo-document";
import { hasEnded, pendingCommand } from "@shop/kit/saga/engine";
import type { Log } from "@shop/kit/telemetry/log";
import type { Collection } from "mongodb";
import { findSaga } from "../sagas/registry";
import { type OrderDocument, toOrder } from "./documents";

/** A command is resent if its reply has not arrived for this long. */
const replyWithinSeconds = 10;

/** The outbox of orders. It also resends the commands of their sagas until a reply comes. */
export function orderOutbox(o: {
  orders: Collection<OrderDocument>;
  queueState: Collection<QueueState>;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  project: (docs: OrderDocument[]) => Promise<void>;
  /** How long a saga waits for the reply to a step before `giveUp` is called. */
  replyLimitSeconds: number;
  giveUp: (orderId: string, version: number) => Promise<void>;
}): MongoOutbox<OrderDocument> {
  return mongoOutbox<OrderDocument>({
    collection: o.orders,
    queueState: o.queueState,
    source: "order",
    catalogue: messages,
    publisher: o.publisher,
    clock: o.clock,
    log: o.log,
    project: o.project,
    complete: addPaymentMethod,
    nextWakeAt: replyDueAt,
    isOverdue: (doc, waitedSeconds) => doc.saga.waiting !== undefined || waitedSeconds >= o.replyLimitSeconds,
    giveUp: (doc) => o.giveUp(doc._id, doc.version),
    pendingCommandType: (doc) => pendingCommand(findSaga(doc.saga), toOrder(doc), doc.saga)?.type,
  });
}

/** The charge carries the sealed token, which history does not contain. */
function addPaymentMethod(doc: OrderDocument, message: Message): Message {
  if (message.type !== "payment.charge") return message;
  return { ...message, data: { ...(message.data as object), paymentMethod: doc.paymentMethod } };
}

/** @returns when a missing reply needs attention; undefined if the order's saga waits for none, or is parked */
function replyDueAt({ saga, updatedAt }: OrderDocument): Date | undefined {
  if (hasEnded(saga) || saga.stuck) return undefined;
  return saga.waiting ? new Date(saga.waiting.until) : plusSeconds(updatedAt, replyWithinSeconds);
}
