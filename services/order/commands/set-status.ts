import type { Draft } from "@shop/contracts/messages";
import type { SagaTransition } from "@shop/kit/saga/definition";
import type { Deps, OrderAndSaga, StoredOrder } from "../deps";
import { moveTo, type Order } from "../domain/order";
import { orderNotFound } from "../queries/orders";
import { changeOrder } from "./change-order";

export type SetStatus = { orderId: string; status: "shipped" | "delivered"; reason?: string };

/**
 * Marks an order as shipped or delivered. Setting the current status changes nothing and publishes nothing.
 * @throws AppError `order.not_found` (404), `order.illegal_transition`, `order.being_cancelled` (409)
 */
export async function setStatus(deps: Deps, command: SetStatus): Promise<StoredOrder> {
  const changed = await changeOrder(deps, command.orderId, (stored) => {
    if (!stored) throw orderNotFound();
    return decideStatus(stored, command);
  });
  return changed as StoredOrder;
}

/** @returns undefined if the order has this status already */
export function decideStatus(
  { order, saga }: OrderAndSaga,
  { status, reason }: Omit<SetStatus, "orderId">,
): SagaTransition<Order> | undefined {
  const moved = moveTo(order, status);
  if (moved === order) return undefined;
  const data = { orderId: order.id, userId: order.userId, from: order.status, to: status, ...(reason && { reason }) };
  const statusChanged: Draft = { type: "order.status_changed", data };
  return { aggregate: moved, state: saga, drafts: [statusChanged], outcomes: [] };
}
