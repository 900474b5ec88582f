import { every } from "@shop/kit/async/every";
import type { Sql } from "@shop/kit/stores/postgres";
import type { Log } from "@shop/kit/telemetry/log";
import { sagasStuck } from "@shop/kit/telemetry/metrics";

/** As long as order waits before it parks a saga. Payment's are asked for on, each ten minutes: none of them holds money by waiting. */
const answerLimitSeconds = 600;

/** Counts the sagas that nobody has answered for too long. */
export function stuckSagas(o: { sql: Sql; log: Log; everyMs?: number }) {
  async function count(): Promise<void> {
    const rows = await o.sql<{ saga: string; step: string; count: number }[]>`
      select saga->>'name' as saga, saga->>'step' as step, count(*)::int as count from payment
      where saga_wake_at is not null and updated_at < now() - make_interval(secs => ${answerLimitSeconds}) group by 1, 2`;
    sagasStuck.reset();
    for (const { saga, step, count } of rows) sagasStuck.set({ saga, step }, count);
  }

  return { close: every(o.everyMs ?? 5_000, count, o.log, "at once") };
}
