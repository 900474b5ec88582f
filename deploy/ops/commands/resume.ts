import { sagaEndStatuses } from "../../../services/_kit/saga/engine";
import { UserError } from "../../local/user-error";
import type { Stores } from "../stores";

/** `resume <orderId>`: each saga of an order sends its pending command again now. A parked saga continues. */
export async function resume(stores: Stores, [orderId]: string[]): Promise<string | undefined> {
  if (!orderId) return undefined;
  if (!(await requestRetry(stores, orderId))) throw new UserError(`order ${orderId} has no saga under way`);
  return `the pending command of order ${orderId} will be sent again within a second`;
}

/** @returns false if no saga of the order is under way */
async function requestRetry({ orders, payments }: Stores, orderId: string): Promise<boolean> {
  const paymentSagas = await payments`
    update payment set saga_wake_at = now() where order_id::text = ${orderId} and saga_wake_at is not null`;
  const { matchedCount } = await orders.updateOne(
    { _id: orderId, "saga.status": { $nin: sagaEndStatuses } },
    {
      $set: { askNow: true, asked: 0, waitedSeconds: 0, wakeAt: new Date(0) },
      $unset: { "saga.stuck": "" },
      $inc: { version: 1 },
    },
  );
  return matchedCount + paymentSagas.count > 0;
}
