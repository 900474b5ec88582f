import pc from "picocolors";
import type { HistoryEntry, Money, Order } from "../clients/shop-api";

/** `{ amount: 1999, currency: "USD" }` → `$19.99`. */
export function formatMoney({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** Whether an entry is a command to a participant of the saga. The next entry with an outcome records its reply. */
const isCommand = (entry: HistoryEntry) => !entry.outcome && /^(inventory|payment)\./.test(entry.type);

function formatEntry(entry: HistoryEntry): string {
  if (entry.outcome === "done") return pc.green(`✓ ${entry.step}`);
  if (entry.outcome === "undone") return pc.yellow(`↩ ${entry.step} undone`);
  if (entry.outcome) return pc.red(`✗ ${entry.step} ${entry.outcome}${entry.code ? `: ${entry.code}` : ""}`);
  if (isCommand(entry)) return pc.cyan(`→ ${entry.type}`);
  return pc.bold(`● ${entry.type}`);
}

const barWidth = 32;

/** Draws the order's history: a line with the time for each entry, and for a command a bar until its reply. */
export function drawTimeline(order: Order): string {
  const start = Date.parse(order.history[0]?.at ?? "");
  const end = Date.parse(order.history.at(-1)?.at ?? "");
  const msPerColumn = Math.max(1, end - start) / barWidth;
  const lines = order.history.map((entry, index) => {
    const atMs = Date.parse(entry.at) - start;
    const reply = isCommand(entry) ? order.history.slice(index + 1).find(({ outcome }) => outcome) : undefined;
    const tookMs = reply ? Date.parse(reply.at) - start - atMs : 0;
    const bar = reply ? "━".repeat(Math.max(1, Math.round(tookMs / msPerColumn))) : "╸";
    const column = (" ".repeat(Math.round(atMs / msPerColumn)) + bar).padEnd(barWidth + 1).slice(0, barWidth + 1);
    const took = reply ? pc.dim(`  ${tookMs} ms`) : "";
    return `  ${`${atMs} ms`.padStart(8)}  ${pc.dim(column)}  ${formatEntry(entry)}${took}`;
  });
  const items = order.items.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ");
  const status = order.status === "confirmed" ? pc.green(order.status) : pc.yellow(order.status);
  return [
    `  ${pc.bold(`Order ${order.id}`)}  ${status}  ${items}, ${formatMoney(order.total)}  ${pc.dim(`in ${end - start} ms`)}`,
    ...lines,
  ].join("\n");
}
