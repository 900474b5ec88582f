import { type Order, type OrderStatus, orderStatuses, transitions } from "./order";

/**
 * An order as its history alone can tell it. Not the payment method's sealed token, which is in no history, and not the
 * time of the last write.
 */
export type RecordedOrder = Omit<Order, "id" | "updatedAt" | "paymentMethod"> & {
  paymentMethod?: { provider: string };
};

/** What one write changed of an order; null where something went away. */
export type RecordedChange = { [K in keyof RecordedOrder]?: RecordedOrder[K] | null };

/** A line of history, as far as a replay needs it. */
export type RecordedEntry = { seq: number; type: string; data: unknown; set?: RecordedChange };

/** These are in the data of `order.created`, and never change. */
const toldAtFirst = ["userId", "items", "total"] as const;

export function recordOf({ id: _, updatedAt: __, paymentMethod, ...order }: Order): RecordedOrder {
  return { ...order, ...(paymentMethod && { paymentMethod: { provider: paymentMethod.provider } }) };
}

/** What a write is to note in the history, so that the order can be told from it. Nothing for a write that changed only its saga. */
export function changeOf(before: Order | undefined, after: Order): RecordedChange | undefined {
  const [old, now] = [before ? recordOf(before) : {}, recordOf(after)] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  const changed = [...keys].filter(
    (key) => !toldAtFirst.includes(key as never) && !Bun.deepEquals(old?.[key], now?.[key]),
  );
  return changed.length > 0 ? Object.fromEntries(changed.map((key) => [key, now?.[key] ?? null])) : undefined;
}

export type Replayed = { order: RecordedOrder; problems: string[] };

/** An order from its history, and what is wrong with that: gaps, moves that are not legal, news that is not true. */
export function replayed(entries: readonly RecordedEntry[]): Replayed {
  const order: Record<string, unknown> = {};
  const problems: string[] = [];
  let expected = 1;
  let told: string | undefined;
  for (const { seq, type, data, set } of entries) {
    if (seq !== expected) problems.push(`entry ${expected} is missing`);
    expected = seq + 1;
    if (type === "order.created") for (const key of toldAtFirst) order[key] = (data as RecordedOrder)[key];
    if (set?.status && !isLegal(order.status as OrderStatus | undefined, set.status))
      problems.push(`entry ${seq} moves it from ${order.status} to ${set.status}`);
    for (const [key, value] of Object.entries(set ?? {})) {
      if (value === null) delete order[key];
      else order[key] = value;
    }
    told = statusTold(type, data) ?? told;
  }
  if (told && told !== order.status && isLegal(order.status as OrderStatus, told as OrderStatus))
    problems.push(`it was told to be ${told}, and is ${order.status}`);
  return { order: order as RecordedOrder, problems };
}

const isLegal = (from: OrderStatus | undefined, to: OrderStatus): boolean =>
  from === undefined || (transitions[from] as readonly OrderStatus[]).includes(to);

/** The status that everybody was told by a message. */
function statusTold(type: string, data: unknown): string | undefined {
  if (type === "order.confirmed") return "confirmed";
  if (type === "order.cancelled") return "cancelled";
  const to = type === "order.status_changed" ? (data as { to: string }).to : undefined;
  return orderStatuses.find((status) => status === to);
}

/** Where an order differs from its replay, in words. */
export function differences(stored: Order, { order, problems }: Replayed): string[] {
  const [is, told] = [recordOf(stored), order] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(is ?? {}), ...Object.keys(told ?? {})]);
  const differing = [...keys].filter((key) => !Bun.deepEquals(is?.[key], told?.[key]));
  return [
    ...problems,
    ...differing.map((key) => `${key} is ${JSON.stringify(is?.[key])}, by its history ${JSON.stringify(told?.[key])}`),
  ];
}
