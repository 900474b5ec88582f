import type { Collection, Filter } from "mongodb";
import type { Catalogue } from "../messaging/envelope";
import type { Log } from "../telemetry/log";
import { inSpan } from "../telemetry/tracing";
import type { OutboxDocument } from "./mongo-document";
import { type HistoryMessages, latestTrace } from "./mongo-history";
import { decideReminder, mayBeQueued, type Reminder } from "./reminders";
import type { CommittedMessages } from "./store";

/** A document whose messages were sent: what is recorded about it. */
export type Ack<D> = {
  doc: D;
  /** The document's saga waits for no reply, so the sweep need not visit the document again. */
  rests: boolean;
  /** The messages were sent again because Redis may have lost them. */
  resent?: true;
};

export type DocumentClaims<D> = {
  /** What to publish directly after `doc` was written. */
  afterCommit(doc: D): CommittedMessages<Ack<D>>;
  /** Claims one due document. @returns what to publish; undefined if there is nothing, or another sweep was faster */
  claim(doc: D, now: Date): Promise<CommittedMessages<Ack<D>> | undefined>;
  /** The latest Redis instance. When it changes, what this process has sent is forgotten: the new one may not have it. */
  setRedis(identity: string): void;
  /** The `via` of a document that is about to be written. @param before what it was */
  nextVia(before: readonly string[] | undefined): string[];
  /** @param handledBefore by queue: everything sent before this time is handled */
  setHandledBefore(handledBefore: ReadonlyMap<string, Date>): void;
};

/** How many documents are remembered as sent. The messages of a forgotten one are sent twice, which is harmless. */
const rememberedMax = 20_000;

export function documentClaims<D extends OutboxDocument>(o: {
  collection: Collection<D>;
  messages: HistoryMessages<D>;
  source: string;
  catalogue: Catalogue;
  log: Log;
  nextWakeAt: (doc: D) => Date | undefined;
  isOverdue: (doc: D, waitedSeconds: number) => boolean;
  giveUp: (doc: D) => Promise<void>;
}): DocumentClaims<D> {
  const { messages } = o;
  /**
   * Documents whose messages this process has sent, with the `lastSeq` up to which they are sent. It is kept in memory,
   * because no acknowledgement is written while the saga waits for a reply.
   */
  const sent = new Map<string, number>();
  let handledBefore: ReadonlyMap<string, Date> = new Map();
  let redis: string | undefined;

  function rememberSent(doc: D): void {
    sent.set(doc._id, doc.lastSeq);
    if (sent.size > rememberedMax) sent.delete(sent.keys().next().value as string);
  }

  /** Whether messages of the document went to an earlier Redis instance, which may have lost them. */
  const wentElsewhere = ({ via = [] }: D): boolean => redis !== undefined && via.some((identity) => identity !== redis);

  const toAck = (doc: D): Ack<D> => ({ doc, rests: o.nextWakeAt(doc) === undefined });

  const retry = (doc: D) => {
    const command = messages.pendingCommand(doc);
    return command ? [messages.resend(doc, command)] : [];
  };

  const sendAgain = (doc: D): CommittedMessages<Ack<D>> => ({
    outgoing: messages.afterRedisLoss(doc),
    ack: { ...toAck(doc), resent: true },
  });

  function unsent(doc: D): CommittedMessages<Ack<D>> | undefined {
    // Unsent messages go first: the pending command may be one of them.
    if (doc.askNow) return { outgoing: [...messages.unsent(doc), ...retry(doc)], ack: toAck(doc) };
    if (doc.sendAgain || wentElsewhere(doc)) return sendAgain(doc);
    const isSent = doc.sentSeq === doc.lastSeq || sent.get(doc._id) === doc.lastSeq;
    return isSent ? undefined : { outgoing: messages.unsent(doc), ack: toAck(doc) };
  }

  function decide(doc: D, hasUnsent: boolean, now: Date): Reminder {
    const command = messages.pendingCommand(doc);
    const queues = command && [...(o.catalogue[command.type]?.to ?? []), o.source];
    return decideReminder(
      {
        hasUnsent,
        nextWakeAt: o.nextWakeAt(doc),
        isOverdue: o.isOverdue(doc, doc.waitedSeconds ?? 0),
        mayBeQueued: command !== undefined && mayBeQueued(new Date(command.time), queues ?? [], handledBefore),
        retries: doc.asked ?? 0,
      },
      now,
    );
  }

  return {
    afterCommit(doc) {
      if (wentElsewhere(doc)) return sendAgain(doc);
      const outgoing = messages.unsent(doc);
      const ack = toAck(doc);
      // If the saga waits, its reply will prove that the command was sent, so no acknowledgement is written.
      return ack.rests ? { outgoing, ack } : { outgoing, onSent: () => rememberSent(doc) };
    },
    async claim(doc, now) {
      const committed = unsent(doc);
      const reminder = decide(doc, committed !== undefined, now);
      const { matchedCount } = await o.collection.updateOne(
        { _id: doc._id, version: doc.version, wakeAt: doc.wakeAt } as Filter<D>,
        toUpdate(reminder) as never,
      );
      if (matchedCount === 0) return undefined;
      // A failure must not hold up other documents; the next visit tries again.
      if (reminder.action === "give_up")
        await inSpan("give up", { traceparent: latestTrace(doc), root: true }, () => o.giveUp(doc)).catch((error) =>
          o.log.warn({ err: error, id: doc._id }, "give up failed, will retry"),
        );
      return reminder.action === "retry" ? { outgoing: retry(doc) } : committed;
    },
    setRedis(identity) {
      if (redis !== identity) sent.clear();
      redis = identity;
    },
    nextVia: (before = []) => [...new Set([...before, redis ?? []].flat())],
    setHandledBefore(map) {
      handledBefore = map;
    },
  };
}

/** The update that claims a document. It sets when the sweep visits the document next, and counts this visit. */
function toUpdate(reminder: Reminder) {
  if (reminder.action === "rest") return { $unset: { wakeAt: "", unsentSince: "" } };
  const $set = { wakeAt: reminder.wakeAt };
  if (reminder.action === "publish") return { $set, $unset: { askNow: "" } };
  const $unset = { askNow: "", unsentSince: "" };
  if (reminder.action === "postpone") return { $set, $unset };
  const { waitedSeconds } = reminder;
  return { $set, $unset, $inc: { waitedSeconds, ...(reminder.action === "retry" && { asked: 1 }) } };
}
