import { hasEnded, type SagaTransition } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { sagaDuration, sagasEnded } from "../metrics";

/**
 * Loads an order, decides and commits; where somebody else wrote in between, what it has become is decided on anew.
 * @param isAnswer whether this answers the question of the order's saga, and so proves that it was sent
 * @returns the order as it is then; undefined if there is none
 */
export async function changeOrder(
  deps: Deps,
  orderId: string,
  decide: (stored: StoredOrder | undefined) => SagaTransition<Order> | undefined,
  isAnswer: (stored: StoredOrder) => boolean = () => false,
): Promise<StoredOrder | undefined> {
  for (;;) {
    const stored = await deps.store.load(orderId);
    const next = decide(stored);
    if (!stored || !next) return stored;
    const saved = await deps.store.commit(stored, next, isAnswer(stored) ? "answer" : "request");
    if (!saved) continue;
    measure(stored, next, deps.clock.now());
    return saved;
  }
}

/** Counts a saga that this change has ended. */
export function measure(
  { saga: before }: Pick<StoredOrder, "saga">,
  { state }: SagaTransition<Order>,
  now: Date,
): void {
  if (!hasEnded(state) || (before.id === state.id && hasEnded(before))) return;
  const labels = { saga: state.name, outcome: state.status };
  sagasEnded.inc(labels);
  sagaDuration.observe(labels, (now.getTime() - startedMs(state.id)) / 1000);
}

/** A saga's id is a UUIDv7, made when it started: its first 48 bits say when. */
const startedMs = (sagaId: string): number => Number.parseInt(sagaId.replaceAll("-", "").slice(0, 12), 16);
