import { invariant } from "@shop/kit/errors/invariant";
import { connectMongo } from "@shop/kit/stores/mongo";
import type { Db } from "mongodb";
import { findDifferences, type RecordedEntry, rebuildOrder } from "./domain/history";
import { type OrderDocument, ordersCollection, toOrder } from "./store/documents";
import {
  type HistoryPart,
  historyCollection,
  idsBelow,
  itemsCollection,
  joinParts,
  orderReadModels,
} from "./store/read-models";

export type Replay = {
  /** How many orders were read. */
  orders: number;
  /** One line for each field in which an order differs from its history, and for each problem of a history. */
  differences: string[];
  /** Orders in progress, which are not compared because the latest part of their history is not in `order_history` yet. */
  inProgress: number;
};

const batchSize = 500;

/**
 * Rebuilds orders from `order_history` alone, and compares them with the stored ones.
 * @param options.only the ids of the orders to compare; all orders if absent
 */
export async function replay(db: Db, options: { only?: string[] } = {}): Promise<Replay> {
  const result: Replay = { orders: 0, differences: [], inProgress: 0 };
  const orders = ordersCollection(db)
    .find(options.only ? { _id: { $in: options.only } } : {}, { projection: { history: 0 } })
    .sort({ _id: 1 });
  for await (const docs of batches(orders)) {
    const histories = await loadHistories(db, docs);
    for (const doc of docs) {
      result.orders++;
      if (doc.projectedSeq !== doc.lastSeq) result.inProgress++;
      else result.differences.push(...compare(doc, histories.get(doc._id) ?? []));
    }
  }
  return result;
}

/**
 * Rebuilds the collection `order_items` from the orders' histories.
 * @returns the number of its documents
 */
export async function rebuildItems(db: Db): Promise<number> {
  const items = itemsCollection(db);
  const { addItems } = orderReadModels(db);
  await items.deleteMany({});
  const firstParts = historyCollection(db).find({ _id: /\/000001$/ });
  for await (const parts of batches(firstParts)) await addItems(parts.map(toOrderWithItems));
  return items.countDocuments();
}

async function* batches<T>(all: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The history parts of orders that are sorted by id. */
async function loadHistories(db: Db, docs: OrderDocument[]): Promise<Map<string, HistoryPart[]>> {
  const histories = new Map<string, HistoryPart[]>();
  const [first, last] = [docs[0]?._id ?? "", docs.at(-1)?._id ?? ""];
  const parts = historyCollection(db)
    .find({ _id: { $gte: idsBelow(first).$gte, $lt: idsBelow(last).$lt } })
    .sort({ _id: 1 });
  for await (const part of parts) {
    const orderId = toOrderId(part);
    histories.set(orderId, [...(histories.get(orderId) ?? []), part]);
  }
  return histories;
}

function compare(doc: OrderDocument, parts: HistoryPart[]): string[] {
  const entries = joinParts(parts) as RecordedEntry[];
  const end = entries.at(-1)?.seq ?? 0;
  const missing = end === doc.lastSeq ? [] : [`the history ends at entry ${end} of ${doc.lastSeq}`];
  return [...missing, ...findDifferences(toOrder(doc), rebuildOrder(entries))].map((line) => `${doc._id}: ${line}`);
}

function toOrderWithItems(part: HistoryPart): Pick<OrderDocument, "_id" | "userId" | "items"> {
  const created = part.entries.find((entry) => entry.type === "order.created");
  invariant(created, `history part ${part._id} must contain order.created`);
  const { userId, items } = created.data as Pick<OrderDocument, "userId" | "items">;
  return { _id: toOrderId(part), userId, items };
}

const toOrderId = ({ _id }: HistoryPart): string => _id.slice(0, _id.indexOf("/"));

/**
 * The command `bun services/order/replay.ts [--rebuild]`, which reads the variable ORDER_MONGO_URL.
 * @returns the exit code: 1 if there is a difference
 */
export async function main(url: string, options: string[]): Promise<number> {
  const { client, db } = connectMongo(url, "order-replay");
  try {
    if (options.includes("--rebuild")) console.log(`order_items: ${await rebuildItems(db)} lines rebuilt`);
    const { orders, inProgress, differences } = await replay(db);
    for (const line of differences.slice(0, 100)) console.log(line);
    console.log(`${orders} orders replayed, ${differences.length} differences, ${inProgress} still in progress`);
    return differences.length === 0 ? 0 : 1;
  } finally {
    await client.close();
  }
}

if (import.meta.main) process.exit(await main(process.env.ORDER_MONGO_URL ?? "", process.argv.slice(2)));
