import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Saga, SagaTransition } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import type { Deps, OrderAndSaga, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { orderNotFound } from "../queries/orders";
import { cancelRequested, cancelUnpaidOrder, cancelOrder as saga } from "../sagas/cancel-order";
import { findSaga } from "../sagas/registry";
import { changeOrder } from "./change-order";

/**
 * Requests the cancellation of an order. The status of the returned order says how far it is. Idempotent.
 * @throws AppError `order.not_found` (404) also for another user's order, `order.not_cancellable` (409)
 */
export async function cancelOrder(deps: Deps, user: User, orderId: string): Promise<StoredOrder> {
  const changed = await changeOrder(deps, orderId, (stored) => {
    if (!stored || (stored.order.userId !== user.id && !hasPermission(user, "orders:write"))) throw orderNotFound();
    return decideCancel(stored, Bun.randomUUIDv7(), deps.clock.now());
  });
  return changed as StoredOrder;
}

/**
 * What a cancellation request changes. A saga in progress is aborted: it compensates when its next reply arrives, because
 * the result of a charge must be known first. If no saga is in progress, a saga that cancels the order starts.
 * @returns undefined if the order is being cancelled already
 * @throws AppError `order.not_cancellable` (409)
 */
export function decideCancel(stored: OrderAndSaga, sagaId: string, now: Date): SagaTransition<Order> | undefined {
  const order = { ...stored.order, cancelRequested: stored.order.cancelRequested ?? now };
  const start = (saga: Saga<Order>) =>
    advance(saga, { ...order, cancelReason: cancelRequested }, newSaga(saga, sagaId), { kind: "start" });
  switch (order.status) {
    case "cancelling":
    case "cancelled":
      return undefined;
    case "pending":
    case "paying":
      return advance(findSaga(stored.saga), order, stored.saga, { kind: "abort", code: cancelRequested });
    case "awaiting_payment":
      return start(cancelUnpaidOrder);
    case "confirmed":
      return start(saga);
    default:
      throw new AppError("order.not_cancellable", {
        kind: "conflict",
        public: `An order with status ${order.status} cannot be cancelled.`,
      });
  }
}
