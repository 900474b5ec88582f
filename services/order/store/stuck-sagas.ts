import { every } from "@shop/kit/async/every";
import type { Log } from "@shop/kit/telemetry/log";
import { sagasStuck } from "@shop/kit/telemetry/metrics";
import type { Collection } from "mongodb";
import type { OrderDocument } from "./documents";

/** Counts the parked sagas for the gauge `sagas_stuck`. The query reads only the index `stuck`. */
export function stuckSagas(o: { orders: Collection<OrderDocument>; log: Log; everyMs?: number }) {
  async function count(): Promise<void> {
    const rows = await o.orders
      .aggregate<{ _id: { saga: string; step: string }; count: number }>(
        [
          { $match: { "saga.stuck": { $exists: true } } },
          { $group: { _id: { saga: "$saga.name", step: "$saga.step" }, count: { $sum: 1 } } },
        ],
        { hint: "stuck" },
      )
      .toArray();
    sagasStuck.reset();
    for (const { _id, count } of rows) sagasStuck.set(_id, count);
  }

  return { close: every(o.everyMs ?? 5_000, count, o.log, "at once") };
}
