import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { notify } from "./notify";

/** What became of their order, to whoever placed it, at the address they have now. */
export async function tellConfirmed(deps: Deps, order: DataFor<"order.confirmed">, message: Message): Promise<void> {
  const user = await deps.findUser(order.userId);
  const data = { ...order, name: user?.name ?? "" };
  return notify(deps, message, { userId: order.userId, email: user?.email, template: "order-confirmed", data });
}

export async function tellCancelled(deps: Deps, order: DataFor<"order.cancelled">, message: Message): Promise<void> {
  const user = await deps.findUser(order.userId);
  const data = { ...order, name: user?.name ?? "" };
  return notify(deps, message, { userId: order.userId, email: user?.email, template: "order-cancelled", data });
}

/** The money, not what it was for: that the order is cancelled is told apart. */
export async function tellRefunded(deps: Deps, refund: DataFor<"payment.refunded">, message: Message): Promise<void> {
  const { orderId, userId, refundId, refunded } = refund;
  const user = await deps.findUser(userId);
  const data = { orderId, refundId, refunded, name: user?.name ?? "" };
  return notify(deps, message, { userId, email: user?.email, template: "payment-refunded", data });
}

/** Of an order's further way, that it has left us; its arrival they see themselves. */
export async function tellShipped(
  deps: Deps,
  change: DataFor<"order.status_changed">,
  message: Message,
): Promise<void> {
  if (change.to !== "shipped") return;
  const { orderId, userId, reason } = change;
  const user = await deps.findUser(userId);
  const data = { orderId, name: user?.name ?? "", ...(reason && { reason }) };
  return notify(deps, message, { userId, email: user?.email, template: "order-shipped", data });
}
