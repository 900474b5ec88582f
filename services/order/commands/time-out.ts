import { advance } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { findSaga } from "../sagas/registry";
import { measureSagaEnd } from "./change-order";

/** The error code of an order whose saga got no reply. */
const timedOut = "order.timed_out";

/**
 * Gives up on a reply: the order's saga is compensated, or parked if its pivot may have happened.
 * @param version the version that waited too long. A later version is left unchanged: each write starts the waiting anew.
 */
export async function timeOut(
  deps: Pick<Deps, "store" | "clock" | "log">,
  orderId: string,
  version: number,
): Promise<void> {
  const stored = await deps.store.load(orderId);
  if (stored?.version !== version) return;
  const next = advance(findSaga(stored.saga), stored.order, stored.saga, { kind: "timeout", code: timedOut });
  if (!next || !(await deps.store.commit(stored, next, "reply"))) return;
  const facts = { orderId, saga: stored.saga.name, step: stored.saga.step };
  if (next.state.stuck) return deps.log.error(facts, "saga stuck: step timed out and cannot be compensated");
  deps.log.warn(facts, "saga step timed out, compensating");
  measureSagaEnd(stored, next, deps.clock.now());
}
