import type { OrderDocument } from "../../../services/order/store/documents";
import { sandbox } from "../stack";
import type { Ledger } from "./ledger";
import { differencesPerOrder } from "./per-order";
import type { Stores } from "./stores";

/** Compares the mails with the orders' messages and with the provider's refunds. */
export async function mailDifferences(stores: Stores, orders: OrderDocument[], ledger: Ledger): Promise<string[]> {
  const messageIds = orders.flatMap(({ history }) => history.filter(needsMail).map(({ id }) => id));
  const rows = await stores.notifications<{ message_id: string }[]>`
    select message_id from delivery where status = 'sent' and message_id = any(${messageIds}::uuid[])`;
  const mailed = new Set(rows.map((row) => row.message_id));
  const anyRefunds = orders.some(({ _id }) => ledger.refunds.has(_id));
  const refundMails = anyRefunds
    ? await sandbox.listMails({ subject: "Your money is on its way back", limit: 10_000 })
    : [];
  return differencesPerOrder(orders, (order) => {
    const due = order.history.filter(needsMail);
    const refunds = ledger.refunds.get(order._id)?.length ?? 0;
    const mailsOfRefunds = refundMails.filter(({ text }) => text.includes(order._id)).length;
    return [
      due.length === 0 && "no message asks for a mail to its buyer",
      due.some(({ id }) => !mailed.has(id)) && "a mail to its buyer was not sent",
      mailsOfRefunds !== refunds && `refunded ${refunds} times, but ${mailsOfRefunds} mails say so`,
    ];
  });
}

/** The buyer receives a mail about this message. */
const needsMail = ({ type, data }: { type: string; data: unknown }): boolean =>
  type === "order.confirmed" ||
  type === "order.cancelled" ||
  (type === "order.status_changed" && (data as { to: string }).to === "shipped");
