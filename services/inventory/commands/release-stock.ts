import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { decideRelease } from "../domain/release";
import { reservations } from "../metrics";

/** Undoes a reserve, whatever became of it; the answer is `inventory.updated`, released. */
export async function releaseStock(deps: Deps, command: DataFor<"inventory.release">, message: Message): Promise<void> {
  const about = { orderId: command.orderId, productIds: [] };
  const outcome = await deps.stock.changeStock(message, about, (stock) =>
    decideRelease(stock, { ...command, sagaId: message.sagaid }),
  );
  reservations.inc({ outcome: outcome ?? "duplicate" });
}
