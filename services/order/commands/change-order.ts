import type { SagaTransition } from "@shop/kit/saga/definition";
import { hasEnded } from "@shop/kit/saga/engine";
import type { Deps, OrderAndSaga, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { sagaDuration, sagasEnded } from "../metrics";

/**
 * Loads an order, decides, and commits. If another write comes first, the order is reloaded and the decision repeated.
 * @param decide returns undefined if nothing changes
 * @param isReply whether the change is a reply to the order's saga; see `OrderStore.commit`
 * @returns the order afterwards; undefined if it does not exist
 */
export async function changeOrder(
  deps: Deps,
  orderId: string,
  decide: (stored: StoredOrder | undefined) => SagaTransition<Order> | undefined,
  isReply: (stored: StoredOrder) => boolean = () => false,
): Promise<StoredOrder | undefined> {
  for (;;) {
    const stored = await deps.store.load(orderId);
    const next = decide(stored);
    if (!stored || !next) return stored;
    const saved = await deps.store.commit(stored, next, isReply(stored) ? "reply" : "request");
    if (!saved) continue;
    measureSagaEnd(stored, next, deps.clock.now());
    return saved;
  }
}

/** Measures a saga that this transition has ended. */
export function measureSagaEnd(
  { saga: before }: Pick<OrderAndSaga, "saga">,
  { state }: SagaTransition<Order>,
  now: Date,
): void {
  if (!hasEnded(state) || (before.id === state.id && hasEnded(before))) return;
  const labels = { saga: state.name, outcome: state.status };
  sagasEnded.inc(labels);
  sagaDuration.observe(labels, (now.getTime() - startedAtMs(state.id)) / 1000);
}

/** The first 48 bits of a saga's id, a UUIDv7, are the time at which the saga started. */
const startedAtMs = (sagaId: string): number => Number.parseInt(sagaId.replaceAll("-", "").slice(0, 12), 16);
