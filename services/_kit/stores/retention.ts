import { every } from "../async/every";
import type { Log } from "../telemetry/log";
import { retentionDeleted } from "../telemetry/metrics";

/** How something that grows is kept small. docs/retention.md lists them all. */
export type RetentionRule = {
  /** Its name there, and in the metric. */
  what: string;
  /** Removes what is past its time, the oldest first, so many at most. Reads an index; two at once are harmless. */
  removeSome(limit: number): Promise<Removed>;
};
export type Removed = { removed: number; isDone: boolean };

/** Small, so that nobody waits for a batch. */
const batch = 500;
/** A run ends here with its rule, so that years of old rows do not hold up the other rules. */
const mostBatches = 40;

/** Applies the rules once a minute, in batches. A rule that fails is tried again, and holds up no other. */
export function startRetention(o: { rules: RetentionRule[]; log: Log; everyMs?: number }): () => Promise<void> {
  let stopping = false;

  async function apply({ what, removeSome }: RetentionRule): Promise<void> {
    for (let n = 0; n < mostBatches && !stopping; n++) {
      const { removed, isDone } = await removeSome(batch);
      retentionDeleted.inc({ what }, removed);
      if (isDone) return;
    }
  }

  async function run(): Promise<void> {
    for (const rule of o.rules)
      await apply(rule).catch((error) => o.log.warn({ err: error, what: rule.what }, "old rows are not removed"));
  }

  const stop = every(o.everyMs ?? 60_000, run, o.log);
  return () => {
    stopping = true;
    return stop();
  };
}

/** A rule of one statement, which removes at most `limit` rows. */
export const rowsRule = (what: string, remove: (limit: number) => PromiseLike<{ count: number }>): RetentionRule => ({
  what,
  async removeSome(limit) {
    const { count } = await remove(limit);
    return { removed: count, isDone: count < limit };
  },
});
