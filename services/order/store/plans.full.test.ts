import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Document } from "mongodb";
import { type TestOrders, testOrders } from "../testing/order-service";
import type { OrderDocument } from "./documents";
import { listFilter } from "./list-filter";
import { historyCollection, idsBelow, itemsCollection } from "./read-models";

/**
 * Every query of the service on 100,000 orders: each uses an index and reads about as many documents as it returns.
 * `bun run test:full`.
 */
const count = 100_000;
const users = Array.from({ length: 2_000 }, () => Bun.randomUUIDv7());
const products = Array.from({ length: 200 }, () => Bun.randomUUIDv7());
const userId = users[7] as string;
const product = products[7] as string;
const statuses = ["confirmed", "shipped", "delivered", "cancelled", "awaiting_payment"] as const;
const limit = 20;

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
  await service.untilStarted();
  for (let from = 0; from < count; from += 5_000) {
    const orders = Array.from({ length: 5_000 }, (_, index) => anOrder(from + index));
    await service.orders.insertMany(orders, { ordered: false });
    await itemsCollection(service.db).insertMany(
      orders.map((order) => ({ _id: `${order.items[0]?.productId}/${order._id}`, userId: order.userId, quantity: 1 })),
    );
    await historyCollection(service.db).insertMany(
      orders.map(({ _id }) => ({ _id: `${_id}/000001`, to: 1, entries: [] })),
    );
  }
}, 300_000);
afterAll(() => service.close());

/** A pseudo-random number that is the same in each run. */
const scattered = (n: number, max: number) => Number(Bun.hash.wyhash(String(n)) % BigInt(max));

function anOrder(n: number): OrderDocument {
  const createdAt = new Date(Date.UTC(2025, 0, 1) + n * 300_000);
  // Some orders are in progress, and a few await payment.
  const isInProgress = n % 1_000 === 0;
  return {
    _id: Bun.randomUUIDv7("hex", createdAt.getTime()),
    userId: users[scattered(n, users.length)],
    status: statuses[n % 997 === 0 ? 4 : scattered(n + 1, 4)],
    items: [{ productId: products[scattered(n + 2, products.length)] }],
    createdAt,
    holdExpiresAt: new Date(createdAt.getTime() + 900_000),
    sentAt: createdAt,
    ...(isInProgress && { wakeAt: createdAt }),
    ...(n % 3 === 0 && { idempotency: { scope: `scope ${n}`, hash: "x" } }),
  } as unknown as OrderDocument;
}

type Plan = { indexes: string[]; stages: string[]; examined: number; returned: number };
/** How the server executed a query. */
function toPlan(explained: Document): Plan {
  const stats = explained.executionStats;
  const text = JSON.stringify(explained.queryPlanner.winningPlan);
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] as string);
  return {
    indexes: all(/"indexName":"([^"]+)"/g),
    stages: all(/"stage":"([^"]+)"/g),
    examined: Math.max(stats.totalDocsExamined, stats.totalKeysExamined),
    returned: stats.nReturned,
  };
}
const expectIndexed = (plan: Plan, index: string, examinedMax: number) => {
  expect(plan.indexes).toContain(index);
  expect(plan.stages).not.toContain("COLLSCAN");
  expect(plan.stages).not.toContain("SORT");
  expect(plan.examined).toBeLessThanOrEqual(examinedMax);
  expect(plan.returned).toBeGreaterThan(0);
};

describe("the list of a user's orders uses an index", () => {
  const period = { from: new Date("2025-01-01T00:00:00Z"), to: new Date("2025-12-01T00:00:00Z") };
  const cursor = Bun.randomUUIDv7("hex", Date.UTC(2026, 0, 1));
  test.each([
    { query: {}, index: "by_user" },
    { query: { cursor }, index: "by_user" },
    { query: period, index: "by_user" },
    { query: { status: "cancelled" as const }, index: "by_user_and_status" },
    { query: { status: "cancelled" as const, ...period, cursor }, index: "by_user_and_status" },
    { query: { product }, index: "by_user_and_product" },
    { query: { product, cursor }, index: "by_user_and_product" },
  ])("%j", async ({ query, index }) => {
    // A user who has a matching order.
    const { userId: owner } = (await service.orders.findOne({ status: "cancelled", "items.productId": product })) ?? {
      userId,
    };
    const found = service.orders
      .find(listFilter(owner, { limit, ...query }))
      .sort({ _id: -1 })
      .limit(limit + 1);
    expectIndexed(toPlan(await found.explain("executionStats")), index, 4 * (limit + 1));
  });
});

describe("the query for", () => {
  const explain = async (filter: object, sort: Record<string, 1> = {}, rowsMax = limit) =>
    toPlan(await service.orders.find(filter).sort(sort).limit(rowsMax).explain("executionStats"));

  test("an idempotency key", async () =>
    expectIndexed(await explain({ "idempotency.scope": "scope 300" }), "idempotency", 1));
  test("orders that are due for the sweep, the earliest first", async () =>
    expectIndexed(await explain({ wakeAt: { $lte: new Date() } }, { wakeAt: 1 }), "due_with_status", limit));
  test("lapsed holds, the earliest first", async () =>
    expectIndexed(
      await explain({ status: "awaiting_payment", holdExpiresAt: { $lte: new Date() } }, { holdExpiresAt: 1 }),
      "hold",
      limit,
    ));
  test("orders whose messages Redis may have lost", async () => {
    const recently = new Date(Date.UTC(2025, 0, 1) + (count - 10) * 300_000);
    expectIndexed(await explain({ sentAt: { $gte: recently } }), "sent", 10);
  });
  test("the number of orders in progress, from the index without reading documents", async () => {
    const explained = await service.orders
      .aggregate([{ $match: { wakeAt: { $gt: new Date(0) }, status: { $ne: "awaiting_payment" } } }, { $count: "n" }], {
        hint: "due_with_status",
      })
      .explain("executionStats");
    const stats = (explained.stages?.[0]?.$cursor ?? explained).executionStats;
    expect(stats.totalDocsExamined).toBe(0);
    expect(stats.totalKeysExamined).toBeLessThanOrEqual(200);
  });
});

describe("the read model query for", () => {
  test("an order's history", async () => {
    const { _id } = (await service.orders.findOne({})) as OrderDocument;
    const found = historyCollection(service.db)
      .find({ _id: idsBelow(_id) })
      .sort({ _id: 1 });
    expectIndexed(toPlan(await found.explain("executionStats")), "_id_", 2);
  });
  test("a product's orders, newest first", async () => {
    const found = itemsCollection(service.db)
      .find({ _id: idsBelow(product) })
      .sort({ _id: -1 })
      .limit(limit);
    expectIndexed(toPlan(await found.explain("executionStats")), "_id_", limit);
  });
});
