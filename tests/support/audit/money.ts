import type { OrderDocument } from "../../../services/order/store/documents";
import { type Ledger, sum } from "./ledger";
import { differencesPerOrder, isCancelled, isCancelledAfterConfirmation, isSold } from "./per-order";
import type { Stores } from "./stores";

/**
 * Compares the provider's ledger, the payments and the orders. The provider must keep the exact total of an order that
 * is sold, and nothing of one that is cancelled.
 */
export async function moneyDifferences(stores: Stores, orders: OrderDocument[], ledger: Ledger): Promise<string[]> {
  const ids = orders.map(({ _id }) => _id);
  const rows = await stores.payments<{ order_id: string; status: string }[]>`
    select order_id, status from payment where order_id = any(${ids}::uuid[])`;
  const paymentsByOrder = Map.groupBy(rows, (row) => row.order_id);
  return differencesPerOrder(orders, (order) => {
    const charges = ledger.charges.get(order._id) ?? [];
    const kept = sum(charges) - sum(ledger.refunds.get(order._id));
    const total = order.total.amount;
    const payments = (paymentsByOrder.get(order._id) ?? []).map(({ status }) => status);
    const [sold, cancelled, cancelledLate] = [isSold(order), isCancelled(order), isCancelledAfterConfirmation(order)];
    return [
      charges.length > 1 && `charged ${charges.length} times`,
      sold && kept !== total && `${order.status}, but the provider keeps ${kept} of ${total}`,
      sold && String(payments) !== "completed" && `${order.status}, but its payments are [${payments}]`,
      cancelled && kept !== 0 && `cancelled, but the provider keeps ${kept}`,
      cancelled && payments.includes("completed") && `cancelled, but its payments are [${payments}]`,
      cancelledLate && charges.length !== 1 && `cancelled after it was confirmed, but charged ${charges.length} times`,
      cancelledLate &&
        payments.some((status) => status !== "voided") &&
        `cancelled after it was confirmed, but its payments are [${payments}]`,
    ];
  });
}
