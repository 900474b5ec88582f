import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { decideReservation } from "../domain/reserve";
import { reservations } from "../metrics";

/** Holds the items of an order. Replies with `inventory.updated`, change `reserved` or `rejected`. */
export async function reserveStock(deps: Deps, command: DataFor<"inventory.reserve">, message: Message): Promise<void> {
  const target = { orderId: command.orderId, productIds: command.items.map((item) => item.productId) };
  const outcome = await deps.stock.changeStock(message, target, (stock) =>
    decideReservation(stock, { ...command, sagaId: message.sagaid }),
  );
  reservations.inc({ outcome: outcome ?? "duplicate" });
}
