import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { decideRelease } from "../domain/release";
import { reservations } from "../metrics";

/** Undoes a reservation, whether its stock is held or sold. Replies with `inventory.updated`, change `released`. */
export async function releaseStock(deps: Deps, command: DataFor<"inventory.release">, message: Message): Promise<void> {
  const target = { orderId: command.orderId, productIds: [] };
  const outcome = await deps.stock.changeStock(message, target, (stock) =>
    decideRelease(stock, { ...command, sagaId: message.sagaid }),
  );
  reservations.inc({ outcome: outcome ?? "duplicate" });
}
