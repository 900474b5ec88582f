import type { AnyBulkWriteOperation, Collection, Filter } from "mongodb";
import type { Clock } from "../clock";
import type { Ack, DocumentClaims } from "./mongo-claim";
import type { OutboxDocument, QueueState } from "./mongo-document";
import { mongoRedisRecord } from "./mongo-redis-record";
import { countedMax, type OutboxStore } from "./store";
import { watermarkWriter } from "./watermark";

/** The outbox that the relay sees: each document of `collection` holds its own messages. */
export function mongoOutboxStore<D extends OutboxDocument>(o: {
  collection: Collection<D>;
  queueState: Collection<QueueState>;
  source: string;
  clock: Clock;
  claims: DocumentClaims<D>;
  project?: (docs: D[]) => Promise<void>;
}): OutboxStore<Ack<D>> {
  const { collection, queueState, claims } = o;
  const redis = mongoRedisRecord(o);
  const writeWatermark = watermarkWriter((handledBefore) =>
    queueState.updateOne({ _id: o.source }, { $max: { handledBefore } }, { upsert: true }),
  );

  return {
    async claim(limit) {
      const now = o.clock.now();
      const due = await collection
        .find({ wakeAt: { $lte: now } } as Filter<D>)
        .sort({ wakeAt: 1 })
        .limit(limit)
        .toArray();
      const claimed = await Promise.all(due.map((doc) => claims.claim(doc as D, now)));
      return claimed.filter((committed) => committed !== undefined);
    },

    async acknowledge(acks, identity) {
      // A document that is written and sent before this is read is marked for resending, if Redis changes after it.
      if (!(await redis.isLatest(identity))) return;
      const sentAt = o.clock.now();
      const latest = [...new Map(acks.map((ack) => [ack.doc._id, ack])).values()];
      const resting = latest.filter(({ rests }) => rests);
      if (resting.length > 0) await o.project?.(resting.map(({ doc }) => doc));
      await collection.bulkWrite(
        latest.map((ack) => toAcknowledgement(ack, { sentAt, identity })),
        { ordered: false },
      );
    },

    async adopt(identity, before) {
      const adoption = await redis.adopt(identity, before);
      if (adoption.isLatest) claims.setRedis(identity);
      return adoption;
    },

    async recordHandled(handledBefore) {
      claims.setHandledBefore(handledBefore);
      await writeWatermark(handledBefore);
    },

    async backlog() {
      const unsent = { unsentSince: { $gt: new Date(0) } } as Filter<D>;
      const [count, oldest] = await Promise.all([
        collection.countDocuments(unsent, { limit: countedMax }),
        collection
          .find(unsent, { projection: { unsentSince: 1 } })
          .sort({ unsentSince: 1 })
          .limit(1)
          .next(),
      ]);
      const since = oldest?.unsentSince?.getTime() ?? o.clock.now().getTime();
      return { unsent: count, oldestSeconds: (o.clock.now().getTime() - since) / 1000 };
    },
  };
}

/**
 * Records that a document's messages are sent. If the document was written again in the meantime, its version differs and
 * nothing is recorded: that write has its own acknowledgement. A document marked with `sendAgain` is acknowledged only
 * when its messages were sent again, because those sent earlier may be lost.
 */
function toAcknowledgement<D extends OutboxDocument>(
  { doc, rests, resent }: Ack<D>,
  { sentAt, identity }: { sentAt: Date; identity: string },
) {
  return {
    updateOne: {
      filter: {
        _id: doc._id,
        version: doc.version,
        ...(!resent && { sentSeq: { $lt: doc.lastSeq }, sendAgain: { $exists: false } }),
      },
      update: {
        $max: { sentSeq: doc.lastSeq, ...(rests && { projectedSeq: doc.lastSeq }) },
        $set: { sentAt, ...(resent && { via: [identity] }) },
        $unset: { unsentSince: "", ...(rests && { wakeAt: "" }), ...(resent && { sendAgain: "" }) },
      },
    },
  } as unknown as AnyBulkWriteOperation<D>;
}
