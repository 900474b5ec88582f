import type { Message } from "@shop/kit/messages";
import { type Advanced, advance, atEnd, type SagaEvent } from "@shop/kit/saga";
import type { Deps } from "../deps";
import type { Order } from "../domain/order";
import { sagaDuration, sagasEnded } from "../metrics";
import { cancelOrder } from "../sagas/cancel-order";
import { sagaOf } from "../sagas/saga-of";

/** Moves an order's saga on by a participant's event. What is no answer to the step under way changes nothing. */
export const continueSaga = (deps: Deps, data: { orderId: string }, message: Message): Promise<void> =>
  moveOn(deps, data.orderId, { kind: "message", message });

async function moveOn(deps: Deps, orderId: string, event: SagaEvent): Promise<void> {
  let recent = deps.store.recent(orderId);
  for (;;) {
    const stored = recent ?? (await deps.store.load(orderId));
    if (!stored) return deps.log.warn({ orderId }, "a message about an order that does not exist");
    const next = advance(sagaOf(stored.saga), stored.order, stored.saga, event);
    if (next && (await deps.store.commit(stored, next, "answer"))) return measure(next, deps.clock.now());
    // What is no answer to an order as it was may be one to the order as it is.
    if (!next && !recent) return;
    recent = undefined;
  }
}

export function measure({ state, aggregate }: Advanced<Order>, now: Date): void {
  if (!atEnd(state)) return;
  const labels = { saga: state.name, outcome: state.status };
  sagasEnded.inc(labels);
  const since = (state.name === cancelOrder.name && aggregate.cancelRequested) || aggregate.createdAt;
  sagaDuration.observe(labels, (now.getTime() - since.getTime()) / 1000);
}
