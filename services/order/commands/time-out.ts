import { advance } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { sagaOf } from "../sagas/registry";
import { measure } from "./change-order";

/** Why an order is cancelled, or parked, that nobody answered. */
const timedOut = "order.timed_out";

/**
 * Gives up waiting for an answer: the order's saga turns round, or is parked where nothing may be undone.
 * @param version the order's, when it had waited for too long; whoever has written since has an answer
 */
export async function timeOut(
  deps: Pick<Deps, "store" | "clock" | "log">,
  orderId: string,
  version: number,
): Promise<void> {
  const stored = await deps.store.load(orderId);
  if (stored?.version !== version) return;
  const next = advance(sagaOf(stored.saga), stored.order, stored.saga, { kind: "timeout", code: timedOut });
  if (!next || !(await deps.store.commit(stored, next, "answer"))) return;
  const about = { orderId, saga: stored.saga.name, step: stored.saga.step };
  if (next.state.stuck) return deps.log.error(about, "a saga is stuck: nobody answers, and it cannot be undone");
  deps.log.warn(about, "a step was not answered and is undone");
  measure(stored, next, deps.clock.now());
}
