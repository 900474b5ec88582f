import type { Payables } from "@shop/contracts/internal-api";
import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Deps, OrderQuery, Page, StoredOrder } from "../deps";

export const orderNotFound = () =>
  new AppError("order.not_found", { kind: "not_found", public: "There is no such order." });

/** Somebody else's order answers as one that does not exist. */
export async function orderFor(deps: Deps, user: User, orderId: string): Promise<StoredOrder> {
  const stored = await deps.store.load(orderId);
  if (!stored || (stored.order.userId !== user.id && !hasPermission(user, "orders:read"))) throw orderNotFound();
  return stored;
}

export async function ordersOf(deps: Deps, user: User, query: OrderQuery & { userId: string }): Promise<Page> {
  if (query.userId !== user.id && !hasPermission(user, "orders:read"))
    throw new AppError("user.not_found", { kind: "not_found", public: "There is no such user." });
  return deps.store.listByUser(query.userId, query);
}

/** What payment may charge for each of these orders, and for whom; those that do not exist are missing. */
export async function payablesOf(deps: Deps, ids: string): Promise<Payables> {
  return { items: await deps.store.payables([...new Set(ids.split(","))]) };
}
