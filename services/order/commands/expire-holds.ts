import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import type { Deps, OrderAndSaga } from "../deps";
import type { Order } from "../domain/order";
import { holdExpired, isLapsed } from "../domain/payability";
import { cancelUnpaidOrder as saga } from "../sagas/cancel-order";
import { changeOrder } from "./change-order";

/**
 * Cancels orders that were not paid for in time. Of a payment that begins and a hold that expires at the same time,
 * exactly one wins.
 */
export async function expireHolds(deps: Deps): Promise<void> {
  const ids = await deps.store.findLapsed(deps.clock.now(), 50);
  await Promise.all(
    ids.map((id) =>
      changeOrder(deps, id, (stored) => stored && decideExpiry(stored, Bun.randomUUIDv7(), deps.clock.now())),
    ),
  );
}

/** @returns undefined unless the order awaits payment and its hold has lapsed */
export function decideExpiry(
  { order }: Pick<OrderAndSaga, "order">,
  sagaId: string,
  now: Date,
): SagaTransition<Order> | undefined {
  if (order.status !== "awaiting_payment" || !isLapsed(order, now)) return undefined;
  return advance(saga, { ...order, cancelReason: holdExpired }, newSaga(saga, sagaId), { kind: "start" });
}
