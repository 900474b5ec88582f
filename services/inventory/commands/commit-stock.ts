import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { decideCommit } from "../domain/commit";
import { lowStock, reservations } from "../metrics";

/** Turns the hold of a confirmed order into a sale. No saga waits for a reply. */
export async function commitStock(deps: Deps, order: DataFor<"order.confirmed">, message: Message): Promise<void> {
  const target = { orderId: order.orderId, productIds: [] };
  let isLow = false;
  const outcome = await deps.stock.changeStock(message, target, (stock) => {
    const decision = decideCommit(stock, order);
    isLow = decision.drafts.length > 0;
    return decision;
  });
  if (outcome && isLow) lowStock.inc();
  reservations.inc({ outcome: outcome ?? "duplicate" });
}
