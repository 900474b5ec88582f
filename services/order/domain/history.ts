import { type Order, type OrderStatus, orderStatuses, transitions } from "./order";

/**
 * The part of an order that its history records, and from which it can be rebuilt. History contains neither the sealed
 * payment token nor the time of the last write.
 */
export type RecordedOrder = Omit<Order, "id" | "updatedAt" | "paymentMethod"> & {
  paymentMethod?: { provider: string };
};

/** The fields that one write changed, with their new values; null for a field that was removed. */
export type RecordedChange = { [K in keyof RecordedOrder]?: RecordedOrder[K] | null };

/** A history entry, as far as a replay needs it. */
export type RecordedEntry = { seq: number; type: string; data: unknown; set?: RecordedChange };

/** Fields that never change. The data of `order.created` has them. */
const fixedFields = ["userId", "items", "total"] as const;

export function toRecordedOrder({ id: _, updatedAt: __, paymentMethod, ...order }: Order): RecordedOrder {
  return { ...order, ...(paymentMethod && { paymentMethod: { provider: paymentMethod.provider } }) };
}

/**
 * What the history must record of a write.
 * @param before undefined for a new order
 * @returns undefined for a write that changed only the saga
 */
export function recordChange(before: Order | undefined, after: Order): RecordedChange | undefined {
  const [old, now] = [before ? toRecordedOrder(before) : {}, toRecordedOrder(after)] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  const changed = [...keys].filter(
    (key) => !fixedFields.includes(key as never) && !Bun.deepEquals(old?.[key], now?.[key]),
  );
  return changed.length > 0 ? Object.fromEntries(changed.map((key) => [key, now?.[key] ?? null])) : undefined;
}

export type RebuiltOrder = { order: RecordedOrder; problems: string[] };

/**
 * Rebuilds an order from its history. `problems` lists what is wrong with the history itself: missing entries, illegal
 * transitions, and a published status that the order has not reached.
 */
export function rebuildOrder(entries: readonly RecordedEntry[]): RebuiltOrder {
  const order: Record<string, unknown> = {};
  const problems: string[] = [];
  let expected = 1;
  let published: string | undefined;
  for (const { seq, type, data, set } of entries) {
    if (seq !== expected) problems.push(`entry ${expected} is missing`);
    expected = seq + 1;
    if (type === "order.created") for (const key of fixedFields) order[key] = (data as RecordedOrder)[key];
    if (set?.status && !isLegal(order.status as OrderStatus | undefined, set.status))
      problems.push(`entry ${seq} changes the status from ${order.status} to ${set.status}, which is not allowed`);
    for (const [key, value] of Object.entries(set ?? {})) {
      if (value === null) delete order[key];
      else order[key] = value;
    }
    published = publishedStatus(type, data) ?? published;
  }
  if (published && published !== order.status && isLegal(order.status as OrderStatus, published as OrderStatus))
    problems.push(`the last event published status ${published}, but the status is ${order.status}`);
  return { order: order as RecordedOrder, problems };
}

const isLegal = (from: OrderStatus | undefined, to: OrderStatus): boolean =>
  from === undefined || (transitions[from] as readonly OrderStatus[]).includes(to);

/** The status that an event reports to other services. */
function publishedStatus(type: string, data: unknown): string | undefined {
  if (type === "order.confirmed") return "confirmed";
  if (type === "order.cancelled") return "cancelled";
  const to = type === "order.status_changed" ? (data as { to: string }).to : undefined;
  return orderStatuses.find((status) => status === to);
}

/** The problems of an order's history, and each field in which the stored order differs from the rebuilt one. */
export function findDifferences(stored: Order, { order, problems }: RebuiltOrder): string[] {
  const [actual, rebuilt] = [toRecordedOrder(stored), order] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(actual ?? {}), ...Object.keys(rebuilt ?? {})]);
  const differing = [...keys].filter((key) => !Bun.deepEquals(actual?.[key], rebuilt?.[key]));
  return [
    ...problems,
    ...differing.map(
      (key) => `${key} is ${JSON.stringify(actual?.[key])}, but the history has ${JSON.stringify(rebuilt?.[key])}`,
    ),
  ];
}
