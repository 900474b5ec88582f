import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import type { Template, TemplateData } from "../templates/render";
import { notify } from "./notify";

type BuyerEvent = "order.confirmed" | "order.cancelled" | "order.status_changed" | "payment.refunded";

/** A template and its data, without the buyer's name. */
type BuyerNotification = { [T in Template]: { template: T; data: Omit<TemplateData<T>, "name"> } }[Template];

/** The notification for each event; undefined if the event needs none. */
const notifications: { [E in BuyerEvent]: (event: DataFor<E>) => BuyerNotification | undefined } = {
  "order.confirmed": (order) => ({ template: "order-confirmed", data: order }),
  "order.cancelled": (order) => ({ template: "order-cancelled", data: order }),
  "order.status_changed": ({ orderId, to, reason }) =>
    to === "shipped" ? { template: "order-shipped", data: { orderId, ...(reason && { reason }) } } : undefined,
  "payment.refunded": ({ orderId, refundId, refunded }) => ({
    template: "payment-refunded",
    data: { orderId, refundId, refunded },
  }),
};

/** The consumer of one event: notifies the buyer at their current e-mail address. */
export function notifyBuyer<E extends BuyerEvent>(type: E) {
  return async (deps: Deps, event: DataFor<E>, message: Message): Promise<void> => {
    const notification = notifications[type](event);
    if (!notification) return;
    const { userId } = event as DataFor<BuyerEvent>;
    const user = await deps.findUser(userId);
    const data = { ...notification.data, name: user?.name ?? "" };
    await notify(deps, message, { userId, email: user?.email, template: notification.template, data });
  };
}
