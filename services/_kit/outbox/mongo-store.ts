import type { AnyBulkWriteOperation, Collection, Filter } from "mongodb";
import type { Clock } from "../clock";
import { isDuplicateKey } from "../stores/mongo";
import { earlierMax, judgeRedis, type SeenRedis } from "./latest-redis";
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

  /** @returns false if another process was faster */
  async function replace(state: QueueState | null, identity: string): Promise<boolean> {
    const earlier = [state?.identity ?? [], state?.earlier ?? []].flat().filter((each) => each !== identity);
    const $set = { identity, seenAt: o.clock.now(), earlier: earlier.slice(0, earlierMax), marking: true as const };
    const filter = { ...service, identity: state?.identity ?? { $exists: false } };
    try {
      const { matchedCount, upsertedCount } = await queueState.updateOne(filter, { $set }, { upsert: !state });
      return matchedCount + upsertedCount === 1;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /**
   * Marks what may be lost. `marking` is stored before it and removed after it: if the process dies in between, the next one
   * that looks marks again, and until then the watermark does not move.
   */
  async function markUnhandled(identity: string, state: QueueState | null): Promise<number> {
    const unhandled = { sentAt: { $gte: state?.handledBefore ?? new Date(0) } };
    const { modifiedCount } = await collection.updateMany(
      { $or: [unhandled, { wakeAt: { $exists: true } }] } as Filter<D>,
      { $set: { sendAgain: true, wakeAt: o.clock.now() } } as never,
    );
    await queueState.updateOne({ ...service, identity }, { $unset: { marking: "" } });
    return modifiedCount;
  }

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
      // A document that is written and sent before this is read is marked by `markUnhandled`, if Redis changes after it.
      if ((await queueState.findOne(service))?.identity !== identity) return;
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
      const state = await queueState.findOne(service);
      const judgement = judgeRedis(toSeenRedis(state, o.clock.now()), identity, before);
      if (judgement === "late") return { isLatest: false, resent: 0 };
      if (judgement === "refresh")
        await queueState.updateOne({ ...service, identity }, { $set: { seenAt: o.clock.now() } });
      if (judgement === "replace" && !(await replace(state, identity))) return { isLatest: false, resent: 0 };
      const resent = judgement === "replace" || state?.marking ? await markUnhandled(identity, state) : 0;
      claims.setRedis(identity);
      return { isLatest: true, resent };
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

const toSeenRedis = (state: QueueState | null, now: Date): SeenRedis | undefined =>
  state?.identity === undefined
    ? undefined
    : {
        identity: state.identity,
        ageSeconds: (now.getTime() - (state.seenAt?.getTime() ?? 0)) / 1000,
        earlier: state.earlier ?? [],
      };

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
