import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { decideCommit } from "../domain/commit";
import { lowStock, reservations } from "../metrics";

/** A confirmed order's hold becomes a sale. Nobody waits for an answer. */
export async function commitStock(deps: Deps, order: DataFor<"order.confirmed">, message: Message): Promise<void> {
  const about = { orderId: order.orderId, productIds: [] };
  let low = 0;
  const outcome = await deps.stock.changeStock(message, about, (stock) => {
    const decision = decideCommit(stock, order);
    low = decision.drafts.length;
    return decision;
  });
  if (outcome && low > 0) lowStock.inc();
  reservations.inc({ outcome: outcome ?? "duplicate" });
}
