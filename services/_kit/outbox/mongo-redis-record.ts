import type { Collection, Filter } from "mongodb";
import type { Clock } from "../clock";
import { isDuplicateKey } from "../stores/mongo";
import { earlierMax, judgeRedis, type SeenRedis } from "./latest-redis";
import type { OutboxDocument, QueueState } from "./mongo-document";
import type { Adoption, OutboxStore } from "./store";

/** Which Redis instance has the messages of a service: its document in `queueState`. */
export type RedisRecord = {
  /** See `OutboxStore`. */
  adopt: OutboxStore<unknown>["adopt"];
  /** Whether this is the latest instance now. */
  isLatest(identity: string): Promise<boolean>;
};

export function mongoRedisRecord<D extends OutboxDocument>(o: {
  collection: Collection<D>;
  queueState: Collection<QueueState>;
  source: string;
  clock: Clock;
}): RedisRecord {
  const { queueState, clock } = o;
  const service = { _id: o.source };

  /** @returns false if another process was faster */
  async function replace(state: QueueState | null, identity: string): Promise<boolean> {
    const earlier = [state?.identity ?? [], state?.earlier ?? []].flat().filter((each) => each !== identity);
    const $set = { identity, seenAt: clock.now(), earlier: earlier.slice(0, earlierMax), marking: true as const };
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
    const { modifiedCount } = await o.collection.updateMany(
      { $or: [unhandled, { wakeAt: { $exists: true } }] } as Filter<D>,
      { $set: { sendAgain: true, wakeAt: clock.now() } } as never,
    );
    await queueState.updateOne({ ...service, identity }, { $unset: { marking: "" } });
    return modifiedCount;
  }

  return {
    async adopt(identity, before): Promise<Adoption> {
      const state = await queueState.findOne(service);
      const judgement = judgeRedis(toSeenRedis(state, clock.now()), identity, before);
      if (judgement === "late") return { isLatest: false, resent: 0 };
      if (judgement === "refresh")
        await queueState.updateOne({ ...service, identity }, { $set: { seenAt: clock.now() } });
      if (judgement === "replace" && !(await replace(state, identity))) return { isLatest: false, resent: 0 };
      const resent = judgement === "replace" || state?.marking ? await markUnhandled(identity, state) : 0;
      return { isLatest: true, resent };
    },
    isLatest: async (identity) => (await queueState.findOne(service))?.identity === identity,
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
