import { connectMongo } from "@shop/kit/stores/mongo";
import type { Db } from "mongodb";
import { differences, type RecordedEntry, replayed } from "./domain/history";
import { type OrderDocument, ordersOf, toOrder } from "./store/documents";
import { below, entriesOf, type HistoryPart, historyOf, itemsOf, orderViews } from "./store/read-models";

export type Replay = {
  orders: number;
  /** What the history says otherwise than the order, or does not say; a line each. */
  differences: string[];
  /** Orders on their way, whose latest part is not in `order_history` yet. */
  underWay: number;
};

const atOnce = 500;

/**
 * Tells every order again from `order_history` alone, and compares.
 * @param options.only these orders; all of them without it
 */
export async function replay(db: Db, options: { only?: string[] } = {}): Promise<Replay> {
  const found: Replay = { orders: 0, differences: [], underWay: 0 };
  const orders = ordersOf(db)
    .find(options.only ? { _id: { $in: options.only } } : {}, { projection: { history: 0 } })
    .sort({ _id: 1 });
  let docs: OrderDocument[] = [];
  for await (const doc of orders) {
    docs.push(doc);
    if (docs.length < atOnce) continue;
    await compare(db, docs, found);
    docs = [];
  }
  await compare(db, docs, found);
  return found;
}

async function compare(db: Db, docs: OrderDocument[], found: Replay): Promise<void> {
  const [first, last] = [docs[0], docs.at(-1)];
  if (!first || !last) return;
  const histories = new Map<string, HistoryPart[]>();
  const parts = historyOf(db)
    .find({ _id: { $gte: below(first._id).$gte, $lt: below(last._id).$lt } })
    .sort({ _id: 1 });
  for await (const part of parts) {
    const orderId = part._id.slice(0, part._id.indexOf("/"));
    histories.set(orderId, [...(histories.get(orderId) ?? []), part]);
  }
  for (const doc of docs) {
    found.orders++;
    if (doc.projectedSeq !== doc.lastSeq) {
      found.underWay++;
      continue;
    }
    const entries = entriesOf(histories.get(doc._id) ?? []) as RecordedEntry[];
    const missing =
      entries.at(-1)?.seq !== doc.lastSeq ? [`its history ends at ${entries.at(-1)?.seq ?? 0} of ${doc.lastSeq}`] : [];
    for (const line of [...missing, ...differences(toOrder(doc), replayed(entries))])
      found.differences.push(`${doc._id}: ${line}`);
  }
}

/** Makes `order_items` anew from the orders' histories. @returns how many lines there are */
export async function rebuildItems(db: Db): Promise<number> {
  const views = orderViews(db);
  await itemsOf(db).deleteMany({});
  const created = historyOf(db).find({ _id: /\/000001$/ });
  let batch: Pick<OrderDocument, "_id" | "userId" | "items">[] = [];
  for await (const part of created) {
    const told = part.entries.find((entry) => entry.type === "order.created")?.data as Pick<
      OrderDocument,
      "userId" | "items"
    >;
    batch.push({ _id: part._id.slice(0, part._id.indexOf("/")), userId: told.userId, items: told.items });
    if (batch.length < atOnce) continue;
    await views.keepItems(batch);
    batch = [];
  }
  await views.keepItems(batch);
  return itemsOf(db).countDocuments();
}

/** `bun services/order/replay.ts [--rebuild]`, with ORDER_MONGO_URL. Ends with 1 if an order is not what its history says. */
async function main(url: string): Promise<number> {
  const { client, db } = await connectMongo(url, "order-replay");
  try {
    if (process.argv.includes("--rebuild")) console.log(`order_items: ${await rebuildItems(db)} lines made anew`);
    const { orders, underWay, differences } = await replay(db);
    for (const line of differences.slice(0, 100)) console.log(line);
    console.log(`${orders} orders replayed, ${differences.length} differences, ${underWay} still on their way`);
    return differences.length === 0 ? 0 : 1;
  } finally {
    await client.close();
  }
}

if (import.meta.main) process.exit(await main(process.env.ORDER_MONGO_URL ?? ""));
