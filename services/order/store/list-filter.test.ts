import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestOrders, testOrders } from "../testing/order-service";
import type { OrderDocument } from "./documents";
import { listFilter } from "./list-filter";

const userId = Bun.randomUUIDv7();
let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
  // Enough orders for the query planner to prefer an index: a few of one user among many others.
  const users = Array.from({ length: 30 }, () => Bun.randomUUIDv7());
  users[7] = userId;
  const orders = Array.from({ length: 1_500 }, (_, n) => {
    const createdAt = new Date(Date.UTC(2025, 11, 1 + (n % 90)));
    const _id = Bun.randomUUIDv7("hex", createdAt.getTime());
    const status = n % 4 === 0 ? "shipped" : "delivered";
    return { _id, userId: users[n % 30], status, createdAt } as OrderDocument;
  });
  await service.orders.insertMany(orders);
});
afterAll(() => service.close());

const period = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2026-02-01T00:00:00Z") };
const cursor = "019b8000-0000-7000-8000-000000000000";

test.each([
  { query: {}, index: "by_user" },
  { query: { cursor }, index: "by_user" },
  { query: period, index: "by_user" },
  { query: { ...period, cursor }, index: "by_user" },
  { query: { status: "shipped" as const }, index: "by_user_and_status" },
  { query: { status: "shipped" as const, cursor }, index: "by_user_and_status" },
  // So few orders that either index may be chosen.
  { query: { status: "shipped" as const, ...period, cursor }, index: "by_user(_and_status)?" },
])("a list is read from an index in sorted order: %j", async ({ query, index }) => {
  const filter = listFilter(userId, { limit: 20, ...query });
  const plan = JSON.stringify(await service.orders.find(filter).sort({ _id: -1 }).explain("queryPlanner"));
  const winning = JSON.stringify(JSON.parse(plan).queryPlanner.winningPlan);
  expect(winning).toMatch(new RegExp(`"indexName":"${index}"`));
  expect(winning).not.toMatch(/"COLLSCAN"|"SORT"/);
});

test("a period is a range of ids, wide enough for the difference between an id's time and `createdAt`", () => {
  const { _id } = listFilter("u", { limit: 20, ...period });
  const at = (time: string) => Bun.randomUUIDv7("hex", new Date(time).getTime());
  const { $gte, $lt } = _id as { $gte: string; $lt: string };
  expect($gte <= at("2025-12-31T23:59:00Z") && at("2025-12-31T23:58:59Z") < $gte).toBe(true);
  expect(at("2026-02-01T00:00:59Z") < $lt && $lt <= at("2026-02-01T00:01:00Z")).toBe(true);
  // The narrower of two upper bounds is used.
  expect(listFilter("u", { limit: 20, ...period, cursor })._id).toMatchObject({ $lt: cursor });
});
