import { afterAll, expect, test } from "bun:test";
import { MongoClient } from "mongodb";
import postgres from "postgres";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import { services } from "../../services/_contracts/services";
import { startCollector } from "../support/collector";
import { eventually } from "../support/eventually";
import { awaitSettled, newCustomer, placeOrder, productInStock } from "../support/shop";
import { stack } from "../support/stack";

/*
 * One order at a time cannot show mixed-up traces: orders that arrive together share transactions, statements and requests.
 */
const collector = startCollector(stack.offset);
afterAll(() => collector.close());

/** The SDK exports every 5 s. */
const withinMs = 30_000;
const orderCount = 50;

/** Each span of an order as `parent → service: span`. */
const confirmedTree = [
  "edge → order: POST /orders",
  "POST /orders → inventory: process inventory.reserve",
  "process inventory.reserve → order: process inventory.updated",
  "process inventory.updated → payment: process payment.charge",
  "process payment.charge → payment: stripe create",
  "process payment.charge → payment: stripe confirm",
  "process payment.charge → order: process payment.processed",
  "process payment.processed → inventory: process order.confirmed",
  "process payment.processed → notification: process order.confirmed",
  "process order.confirmed → notification: send order-confirmed",
];
const declinedTree = [
  ...confirmedTree.slice(0, 6),
  "process payment.charge → order: process payment.failed",
  "process payment.failed → inventory: process inventory.release",
  "process inventory.release → order: process inventory.updated",
  "process inventory.updated → notification: process order.cancelled",
  "process order.cancelled → notification: send order-cancelled",
];

/** The tree of a trace without look-ups: concurrent orders share them, and a shared one has a trace of its own. */
function treeOf(traceId: string): string[] {
  const spans = collector.spans.filter((span) => span.traceId === traceId);
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const isLookUp = (name: string) => name.startsWith("GET ");
  return spans
    .filter(({ name }) => !isLookUp(name))
    .map(({ parentSpanId, service, name }) => `${names.get(parentSpanId) ?? "edge"} → ${service}: ${name}`)
    .toSorted();
}

test(`${orderCount} orders at once, every second one declined: each has its own whole trace, up to the mail`, async () => {
  const customer = await newCustomer();
  const product = await productInStock();
  const orders = await Promise.all(
    Array.from({ length: orderCount }, async (_, n) => {
      const isDeclined = n % 2 === 1;
      const card = isDeclined ? testCards.declined : testCards.approved;
      const response = await placeOrder(customer, [{ productId: product.id, quantity: 1 }], { card });
      const { id } = expectStatus(response, 201);
      return { id, isDeclined, traceId: response.headers.get("x-trace-id") as string };
    }),
  );
  await Promise.all(orders.map(({ id }) => awaitSettled(customer, id)));

  const expected = orders.map(({ isDeclined }) => (isDeclined ? declinedTree : confirmedTree).toSorted());
  const spanCount = expected.flat().length;
  await eventually(() => orders.flatMap(({ traceId }) => treeOf(traceId)).length >= spanCount, withinMs).catch(
    () => {},
  );
  expect(orders.map(({ traceId }) => treeOf(traceId))).toEqual(expected);

  const traceIds = new Map(orders.map(({ id, traceId }) => [id, traceId]));
  const stored = await storedMessages([...traceIds.keys()]);
  expect(stored.length).toBeGreaterThanOrEqual(orderCount * 4);
  const wrong = stored.filter(({ orderId, traceparent }) => traceparent.split("-")[1] !== traceIds.get(orderId));
  expect(wrong).toEqual([]);
}, 90_000);

type StoredMessage = { orderId: string; type: string; traceparent: string };

/** The messages about these orders that order, payment and inventory have stored. */
async function storedMessages(orderIds: string[]): Promise<StoredMessage[]> {
  const mongo = await new MongoClient(stack.adminUrls.mongo).connect();
  const orders = await mongo
    .db(services.order.database)
    .collection<{ _id: string; history: { type: string; note?: true; traceparent: string }[] }>("orders")
    .find({ _id: { $in: orderIds } })
    .toArray();
  await mongo.close();
  const sent = orders.flatMap(({ _id, history }) =>
    history.filter(({ note }) => !note).map(({ type, traceparent }) => ({ orderId: _id, type, traceparent })),
  );
  return [...sent, ...(await outboxRows("payment", orderIds)), ...(await outboxRows("inventory", orderIds))];
}

async function outboxRows(service: "payment" | "inventory", orderIds: string[]): Promise<StoredMessage[]> {
  const url = new URL(stack.adminUrls.postgres);
  url.pathname = `/${services[service].database}`;
  const sql = postgres(url.href, { max: 1 });
  const rows = await sql<StoredMessage[]>`
    select subject as "orderId", body->>'type' as type, body->>'traceparent' as traceparent
    from outbox where subject = any(${orderIds})`;
  await sql.end();
  return rows;
}
