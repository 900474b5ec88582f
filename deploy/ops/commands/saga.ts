import pc from "picocolors";
import type { OrderDocument } from "../../../services/order/store/documents";
import { UserError } from "../../local/user-error";
import type { Stores } from "../stores";
import { table } from "../table";

type Line = { time: string; service: string; type: string; detail: string; sent: boolean };

/** `saga <orderId>`: the state of an order's saga, and the messages of all services about the order. */
export async function saga(stores: Stores, [orderId]: string[]): Promise<string | undefined> {
  if (!orderId) return undefined;
  const order = await stores.orders.findOne({ _id: orderId });
  if (!order) throw new UserError(`order ${orderId} not found`);
  const { name, status, step, stuck } = order.saga;
  const stuckReason = stuck ? pc.red(`, stuck: ${stuck}`) : "";
  const heading = `${pc.bold(order._id)}  ${order.status}  saga ${name} ${status} at ${step}${stuckReason}`;
  const lines = [...fromHistory(order), ...(await fromOutboxes(stores, orderId))];
  lines.sort((a, b) => a.time.localeCompare(b.time));
  return `${heading}\n${table(
    ["time", "service", "type", "detail", "sent"],
    lines.map((line) => [line.time, line.service, line.type, line.detail, line.sent ? "yes" : pc.yellow("no")]),
  )}`;
}

const fromHistory = ({ history, sentSeq }: OrderDocument): Line[] =>
  history.map((entry) => ({
    time: entry.time,
    service: "order",
    type: entry.type,
    detail: detailOfNote(entry),
    sent: Boolean(entry.note) || entry.seq <= sentSeq,
  }));

function detailOfNote({ note, data }: OrderDocument["history"][number]): string {
  if (!note) return "";
  const { step, outcome, code } = data as { step?: string; outcome?: string; code?: string };
  return [step, outcome, code].filter(Boolean).join(" ");
}

async function fromOutboxes({ sql }: Stores, orderId: string): Promise<Line[]> {
  const lines = await Promise.all(
    [...sql].map(async ([service, client]) => {
      const rows = await client<
        { body: { time: string; type: string; data: Record<string, unknown> }; sent: boolean }[]
      >`
        select body, sent_at is not null as sent from outbox where subject = ${orderId} order by seq`;
      return rows.map(({ body, sent }) => ({
        time: body.time,
        service,
        type: body.type,
        detail: String(body.data.change ?? body.data.code ?? ""),
        sent,
      }));
    }),
  );
  return lines.flat();
}
