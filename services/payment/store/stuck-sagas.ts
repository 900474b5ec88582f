import { every } from "@shop/kit/async/every";
import type { Sql } from "@shop/kit/stores/postgres";
import type { Log } from "@shop/kit/telemetry/log";
import { sagasStuck } from "@shop/kit/telemetry/metrics";

/**
 * After the same time order parks a saga. Payment parks none: it sends the command again every ten minutes. That is safe,
 * because no money is withheld while a saga waits.
 */
const replyLimitSeconds = 600;

/** Counts the sagas whose reply is overdue by more than the limit. */
export function stuckSagas(o: { sql: Sql; log: Log; everyMs?: number }) {
  async function count(): Promise<void> {
    const rows = await o.sql<{ saga: string; step: string; count: number }[]>`
      select saga->>'name' as saga, saga->>'step' as step, count(*)::int as count from payment
      where saga_wake_at is not null and updated_at < now() - make_interval(secs => ${replyLimitSeconds}) group by 1, 2`;
    sagasStuck.reset();
    for (const { saga, step, count } of rows) sagasStuck.set({ saga, step }, count);
  }

  return { close: every(o.everyMs ?? 5_000, count, o.log, "at once") };
}
