import type { Message } from "@shop/kit/messages";
import { advance, type SagaEvent } from "@shop/kit/saga";
import type { Deps } from "../deps";
import { placeOrder } from "../sagas/place-order";

/** Moves an order's saga on by a participant's event. What is no answer to the step under way changes nothing. */
export const continueSaga = (deps: Deps, data: { orderId: string }, message: Message): Promise<void> =>
  moveOn(deps, data.orderId, { kind: "message", message });

async function moveOn(deps: Deps, orderId: string, event: SagaEvent): Promise<void> {
  let recent = deps.store.recent(orderId);
  for (;;) {
    const stored = recent ?? (await deps.store.load(orderId));
    if (!stored) return deps.log.warn({ orderId }, "a message about an order that does not exist");
    const next = advance(placeOrder, stored.order, stored.saga, event);
    if (next && (await deps.store.commit(stored, next))) return;
    // What is no answer to an order as it was may be one to the order as it is.
    if (!next && !recent) return;
    recent = undefined;
  }
}
