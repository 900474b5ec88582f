import pc from "picocolors";
import type { HistoryLine, Money, Order } from "./shop";

export const money = ({ amount, currency }: Money): string =>
  new Intl.NumberFormat("en", { style: "currency", currency }).format(
    amount /
      10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2),
  );

/** What each kind of line looks like: a step that ended, a command to another service, an event for all. */
function mark(line: HistoryLine): string {
  if (line.outcome === "done") return pc.green(`✓ ${line.step}`);
  if (line.outcome === "undone") return pc.yellow(`↩ ${line.step} undone`);
  if (line.outcome) return pc.red(`✗ ${line.step} ${line.outcome}${line.code ? `: ${line.code}` : ""}`);
  if (/^(inventory|payment)\./.test(line.type)) return pc.cyan(`→ ${line.type}`);
  return pc.bold(`● ${line.type}`);
}

const isCommand = (line: HistoryLine) => !line.outcome && /^(inventory|payment)\./.test(line.type);
const barWidth = 32;

/** An order's life as a picture: when each thing happened, and how long each answer took. */
export function timeline(order: Order): string {
  const begin = Date.parse(order.history[0]?.at ?? "");
  const end = Date.parse(order.history.at(-1)?.at ?? "");
  const scale = Math.max(1, end - begin) / barWidth;
  const lines = order.history.map((line, index) => {
    const at = Date.parse(line.at) - begin;
    const answered = isCommand(line) ? order.history.slice(index + 1).find((later) => later.outcome) : undefined;
    const took = answered ? Date.parse(answered.at) - begin - at : 0;
    const bar =
      " ".repeat(Math.round(at / scale)) + (answered ? "━".repeat(Math.max(1, Math.round(took / scale))) : "╸");
    return `  ${`${at} ms`.padStart(8)}  ${pc.dim(bar.padEnd(barWidth + 1).slice(0, barWidth + 1))}  ${mark(line)}${answered ? pc.dim(`  ${took} ms`) : ""}`;
  });
  const what = order.items.map((item) => `${item.quantity} × ${item.name}`).join(", ");
  const status = order.status === "confirmed" ? pc.green(order.status) : pc.yellow(order.status);
  return [
    `  ${pc.bold(`Order ${order.id}`)}  ${status}  ${what}, ${money(order.total)}  ${pc.dim(`in ${end - begin} ms`)}`,
    ...lines,
  ].join("\n");
}
