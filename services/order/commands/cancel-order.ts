import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import { advance, newSaga, type Saga, type SagaTransition } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { orderNotFound } from "../queries/order";
import { cancelRequested, cancelUnpaidOrder, cancelOrder as saga } from "../sagas/cancel-order";
import { sagaOf } from "../sagas/registry";
import { changeOrder } from "./change-order";

/**
 * Asks for an order to be cancelled; how far it is then, its status says. Asking again, or at the same time, is harmless.
 * @throws AppError `order.not_found` (404) for somebody else's too, `order.not_cancellable` (409)
 */
export async function cancelOrder(deps: Deps, user: User, orderId: string): Promise<StoredOrder> {
  const stored = await changeOrder(deps, orderId, (at) => {
    if (!at || (at.order.userId !== user.id && !hasPermission(user, "orders:write"))) throw orderNotFound();
    return decideCancel(at, Bun.randomUUIDv7(), deps.clock.now());
  });
  return stored as StoredOrder;
}

/**
 * What a wish to cancel changes. An order under way turns round at its next answer, so a charge that nobody knows about is
 * awaited; one that waits to be paid for, or is confirmed, is taken back by a saga of its own, which takes the ended one's place.
 * @returns undefined if it is being cancelled already
 * @throws AppError `order.not_cancellable` (409)
 */
export function decideCancel(
  stored: Pick<StoredOrder, "order" | "saga">,
  sagaId: string,
  now: Date,
): SagaTransition<Order> | undefined {
  const order = { ...stored.order, cancelRequested: stored.order.cancelRequested ?? now };
  const start = (saga: Saga<Order>) =>
    advance(saga, { ...order, cancelReason: cancelRequested }, newSaga(saga, sagaId), { kind: "start" });
  switch (order.status) {
    case "cancelling":
    case "cancelled":
      return undefined;
    case "pending":
    case "paying":
      return advance(sagaOf(stored.saga), order, stored.saga, { kind: "abort", code: cancelRequested });
    case "awaiting_payment":
      return start(cancelUnpaidOrder);
    case "confirmed":
      return start(saga);
    default:
      throw new AppError("order.not_cancellable", {
        kind: "conflict",
        public: `An order that is ${order.status} cannot be cancelled.`,
      });
  }
}
