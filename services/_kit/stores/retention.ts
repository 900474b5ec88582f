import { every } from "../async/every";
import type { Log } from "../telemetry/log";
import { retentionDeleted } from "../telemetry/metrics";

/** Deletes data that is past its retention time. docs/retention.md lists all rules. */
export type RetentionRule = {
  /** The rule's name in docs/retention.md and in the metric. */
  name: string;
  /** Deletes at most `limit` entries, oldest first, found by an index. May run in several processes at the same time. */
  removeBatch(limit: number): Promise<RemovedBatch>;
};
export type RemovedBatch = { removed: number; isDone: boolean };

/** Small, so that a batch does not block other statements for long. */
const batchSize = 500;
/** The limit per rule and run, so that a large backlog of one rule does not delay the others. */
const batchesPerRunMax = 40;

/**
 * Applies all rules in batches, every `everyMs` (60,000 by default). A rule that fails is logged and retried in the next run;
 * the other rules run all the same.
 * @returns a function that stops after the batch in progress
 */
export function startRetention(o: { rules: RetentionRule[]; log: Log; everyMs?: number }): () => Promise<void> {
  let stopping = false;

  async function apply({ name, removeBatch }: RetentionRule): Promise<void> {
    for (let n = 0; n < batchesPerRunMax && !stopping; n++) {
      const { removed, isDone } = await removeBatch(batchSize);
      retentionDeleted.inc({ what: name }, removed);
      if (isDone) return;
    }
  }

  async function run(): Promise<void> {
    for (const rule of o.rules)
      await apply(rule).catch((error) => o.log.warn({ err: error, what: rule.name }, "retention rule failed"));
  }

  const stop = every(o.everyMs ?? 60_000, run, o.log);
  return () => {
    stopping = true;
    return stop();
  };
}

/** A rule that consists of one `delete` statement for at most `limit` rows. */
export const deleteRule = (name: string, remove: (limit: number) => PromiseLike<{ count: number }>): RetentionRule => ({
  name: name,
  async removeBatch(limit) {
    const { count } = await remove(limit);
    return { removed: count, isDone: count < limit };
  },
});
