import { sagaEndStatuses } from "../../../services/_kit/saga/engine";
import type { OrderDocument } from "../../../services/order/store/documents";
import { differencesPerOrder, isCancelled, isSold } from "./per-order";
import type { Stores } from "./stores";

/** Checks that the sagas of each order and of its payments have ended, and that the order is sold or cancelled. */
export async function sagaDifferences(stores: Stores, orders: OrderDocument[]): Promise<string[]> {
  const ids = orders.map(({ _id }) => _id);
  const rows = await stores.payments<{ order_id: string; status: string }[]>`
    select order_id, saga->>'status' as status from payment where order_id = any(${ids}::uuid[]) and saga is not null`;
  const paymentSagas = Map.groupBy(rows, (row) => row.order_id);
  return differencesPerOrder(orders, (order) => {
    const { status } = order.saga;
    const unfinished = (paymentSagas.get(order._id) ?? []).filter((saga) => !sagaEndStatuses.includes(saga.status));
    return [
      !sagaEndStatuses.includes(status) && `its saga is ${status}`,
      ...unfinished.map((saga) => `its payment's saga is ${saga.status}`),
      !isSold(order) && !isCancelled(order) && `is ${order.status}`,
    ];
  });
}

/**
 * Waits until the sagas of these orders have ended.
 * @returns the orders whose saga has not ended, and the time waited
 */
export async function awaitSagaEnds(
  { orders }: Stores,
  orderIds: string[],
  timeoutMs: number,
): Promise<{ unfinished: string[]; tookMs: number }> {
  const started = Date.now();
  for (;;) {
    const unfinished = await orders
      .find(
        { _id: { $in: orderIds }, "saga.status": { $nin: sagaEndStatuses } },
        { projection: { saga: 1, status: 1 } },
      )
      .toArray();
    const tookMs = Date.now() - started;
    if (unfinished.length === 0 || tookMs > timeoutMs) {
      const lines = unfinished.map(({ _id, status, saga }) => `${_id}: ${status}, saga ${JSON.stringify(saga)}`);
      return { unfinished: lines, tookMs };
    }
    await Bun.sleep(100);
  }
}
