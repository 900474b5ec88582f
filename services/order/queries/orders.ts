import type { Payables } from "@shop/contracts/internal-api";
import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Deps, OrderQuery, Page, StoredOrder } from "../deps";

export const orderNotFound = () => new AppError("order.not_found", { kind: "not_found", public: "Order not found." });

/**
 * An order, for its owner or an employee who may read orders.
 * @throws AppError `order.not_found` (404) also for another user's order
 */
export async function getOrder(deps: Deps, user: User, orderId: string): Promise<StoredOrder> {
  const stored = await deps.store.load(orderId);
  if (!stored || (stored.order.userId !== user.id && !hasPermission(user, "orders:read"))) throw orderNotFound();
  return stored;
}

/**
 * A page of a user's orders, for that user or an employee who may read orders.
 * @throws AppError `user.not_found` (404) also for another user
 */
export async function listOrders(deps: Deps, user: User, query: OrderQuery & { userId: string }): Promise<Page> {
  if (query.userId !== user.id && !hasPermission(user, "orders:read"))
    throw new AppError("user.not_found", { kind: "not_found", public: "User not found." });
  return deps.store.listByUser(query.userId, query);
}

/**
 * What payment may charge for each of these orders, and for whom. Unknown orders are left out.
 * @param ids separated by commas
 */
export async function getPayables(deps: Deps, ids: string): Promise<Payables> {
  return { items: await deps.store.loadPayables([...new Set(ids.split(","))]) };
}
