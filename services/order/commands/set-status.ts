import type { Draft } from "@shop/contracts/messages";
import type { SagaTransition } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import { moveTo, type Order } from "../domain/order";
import { orderNotFound } from "../queries/order";
import { changeOrder } from "./change-order";

export type SetStatus = { orderId: string; status: "shipped" | "delivered"; reason?: string };

/**
 * Says where an order's parcel is. Saying it again changes nothing and tells nobody.
 * @throws AppError `order.not_found` (404), `order.illegal_transition`, `order.being_cancelled` (409)
 */
export async function setStatus(deps: Deps, command: SetStatus): Promise<StoredOrder> {
  const stored = await changeOrder(deps, command.orderId, (at) => {
    if (!at) throw orderNotFound();
    return decideStatus(at, command);
  });
  return stored as StoredOrder;
}

export function decideStatus(
  { order, saga }: Pick<StoredOrder, "order" | "saga">,
  { status, reason }: Omit<SetStatus, "orderId">,
): SagaTransition<Order> | undefined {
  const moved = moveTo(order, status);
  if (moved === order) return undefined;
  const data = { orderId: order.id, userId: order.userId, from: order.status, to: status, ...(reason && { reason }) };
  const told: Draft = { type: "order.status_changed", data };
  return { aggregate: moved, state: saga, drafts: [told], outcomes: [] };
}
