import { advance, newSaga, type SagaTransition } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { holdExpired, isLapsed } from "../domain/payability";
import { cancelUnpaidOrder as saga } from "../sagas/cancel-order";
import { changeOrder } from "./change-order";

/** Cancels orders that nobody has paid for in time. A payment that begins at the same moment comes first, or too late. */
export async function expireHolds(deps: Deps): Promise<void> {
  const ids = await deps.store.lapsed(deps.clock.now(), 50);
  await Promise.all(
    ids.map((id) => changeOrder(deps, id, (at) => at && decideExpiry(at, Bun.randomUUIDv7(), deps.clock.now()))),
  );
}

export function decideExpiry(
  { order }: Pick<StoredOrder, "order">,
  sagaId: string,
  now: Date,
): SagaTransition<Order> | undefined {
  if (order.status !== "awaiting_payment" || !isLapsed(order, now)) return undefined;
  return advance(saga, { ...order, cancelReason: holdExpired }, newSaga(saga, sagaId), { kind: "start" });
}
