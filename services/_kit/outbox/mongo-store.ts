import type { AnyBulkWriteOperation, Collection, Filter } from "mongodb";
import type { Clock } from "../clock";
import type { Ack, DocumentClaims } from "./mongo-claim";
import type { OutboxDocument, QueueState } from "./mongo-document";
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
  const service = { _id: o.source };
  const writeWatermark = watermarkWriter((handledBefore) =>
    queueState.updateOne(service, { $max: { handledBefore } }, { upsert: true }),
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

    async acknowledge(acks) {
      const sentAt = o.clock.now();
      const latest = [...new Map(acks.map((ack) => [ack.doc._id, ack])).values()];
      const resting = latest.filter(({ rests }) => rests);
      if (resting.length > 0) await o.project?.(resting.map(({ doc }) => doc));
      await collection.bulkWrite(
        latest.map((ack) => toAcknowledgement(ack, sentAt)),
        { ordered: false },
      );
    },

    async resend(identity) {
      const state = await queueState.findOne(service);
      claims.forgetSent();
      if (state?.identity === identity) return 0;
      const unhandled = { sentAt: { $gte: state?.handledBefore ?? new Date(0) } };
      // The documents are marked before the identity is stored: if the process dies in between, the marking is repeated and
      // no message is lost.
      const { modifiedCount } = await collection.updateMany(
        { $or: [unhandled, { wakeAt: { $exists: true } }] } as Filter<D>,
        { $set: { sendAgain: true, wakeAt: o.clock.now() } } as never,
      );
      await queueState.updateOne(service, { $set: { identity } }, { upsert: true });
      return modifiedCount;
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
function toAcknowledgement<D extends OutboxDocument>({ doc, rests, resent }: Ack<D>, sentAt: Date) {
  return {
    updateOne: {
      filter: {
        _id: doc._id,
        version: doc.version,
        ...(!resent && { sentSeq: { $lt: doc.lastSeq }, sendAgain: { $exists: false } }),
      },
      update: {
        $max: { sentSeq: doc.lastSeq, ...(rests && { projectedSeq: doc.lastSeq }) },
        $set: { sentAt },
        $unset: { unsentSince: "", ...(rests && { wakeAt: "" }), ...(resent && { sendAgain: "" }) },
      },
    },
  } as unknown as AnyBulkWriteOperation<D>;
}
