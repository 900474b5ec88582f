import { may, type User } from "@shop/kit/access";
import { AppError } from "@shop/kit/errors";
import { type Advanced, advance, newSaga } from "@shop/kit/saga";
import type { Deps, StoredOrder } from "../deps";
import type { Order } from "../domain/order";
import { orderNotFound } from "../queries/order";
import { cancelRequested, cancelOrder as saga } from "../sagas/cancel-order";
import { sagaOf } from "../sagas/saga-of";

/**
 * Asks for an order to be cancelled; how far it is then, its status says. Asking again, or at the same time, is harmless.
 * @throws AppError `order.not_found` (404) for somebody else's too, `order.not_cancellable` (409)
 */
export async function cancelOrder(deps: Deps, user: User, orderId: string): Promise<StoredOrder> {
  for (;;) {
    const stored = await deps.store.load(orderId);
    if (!stored || (stored.order.userId !== user.id && !may(user, "orders:write"))) throw orderNotFound();
    const next = decideCancel(stored, Bun.randomUUIDv7(), deps.clock.now());
    if (!next) return stored;
    // Lost against an answer or a shipment: what it has become decides.
    const saved = await deps.store.commit(stored, next, "request");
    if (saved) return saved;
  }
}

/**
 * What a wish to cancel changes. An order under way turns round at its next answer, so a charge that nobody knows about is
 * awaited; a confirmed one is taken back by a saga of its own, which takes the ended one's place.
 * @returns undefined if it is being cancelled already
 * @throws AppError `order.not_cancellable` (409)
 */
export function decideCancel(
  stored: Pick<StoredOrder, "order" | "saga">,
  sagaId: string,
  now: Date,
): Advanced<Order> | undefined {
  const order = { ...stored.order, cancelRequested: stored.order.cancelRequested ?? now };
  switch (order.status) {
    case "cancelling":
    case "cancelled":
      return undefined;
    case "pending":
      return advance(sagaOf(stored.saga), order, stored.saga, { kind: "abort", code: cancelRequested });
    case "confirmed":
    case "awaiting_payment":
      return advance(saga, order, newSaga(saga, sagaId), { kind: "start" });
    default:
      throw new AppError("order.not_cancellable", {
        kind: "conflict",
        public: `An order that is ${order.status} cannot be cancelled.`,
      });
  }
}
