import { every } from "@shop/kit/async/every";
import type { Sql } from "@shop/kit/stores/postgres";
import type { Log } from "@shop/kit/telemetry/log";
import { sagasStuck } from "@shop/kit/telemetry/metrics";

/** A saga is counted if its reply has not arrived for this long. The order service parks its sagas after the same time. */
const stuckAfterSeconds = 600;

/**
 * Counts the sagas that have had no reply for too long. Payment does not park them: it keeps sending the command, at least
 * every ten minutes. That is safe, because the order service executes a repeated command once.
 */
export function stuckSagas(o: { sql: Sql; log: Log; everyMs?: number }) {
  async function count(): Promise<void> {
    const rows = await o.sql<{ saga: string; step: string; count: number }[]>`
      select saga->>'name' as saga, saga->>'step' as step, count(*)::int as count from payment
      where saga_wake_at is not null and updated_at < now() - make_interval(secs => ${stuckAfterSeconds}) group by 1, 2`;
    sagasStuck.reset();
    for (const { saga, step, count } of rows) sagasStuck.set({ saga, step }, count);
  }

  return { close: every(o.everyMs ?? 5_000, count, o.log, "at once") };
}
