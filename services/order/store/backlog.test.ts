import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestOrders, testOrders } from "../testing/order-service";
import { orderBacklog } from "./backlog";
import type { OrderDocument } from "./documents";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const far = new Date("2099-01-01T00:00:00Z");
const stored = (status: string, over: Partial<OrderDocument> = {}) =>
  service.orders.insertOne({ _id: Bun.randomUUIDv7(), status, ...over } as OrderDocument);

test("the backlog is full when the limit of orders in progress is reached; ended and unpaid orders do not count", async () => {
  await stored("confirmed");
  await stored("awaiting_payment", { wakeAt: far });
  await stored("pending", { wakeAt: far });
  const backlog = orderBacklog({ orders: service.orders, limit: 2, log: silentLog, everyMs: 5 });
  await Bun.sleep(50);
  expect(backlog.isFull()).toBe(false);
  const { insertedId } = await stored("confirmed", { wakeAt: far }); // its last event is not sent yet
  await eventually(backlog.isFull);
  await service.orders.updateOne({ _id: insertedId }, { $unset: { wakeAt: "" } });
  await eventually(() => !backlog.isFull());
  await backlog.close();
});

test("the backlog is counted from the index, without reading documents", async () => {
  const plan = await service.orders
    .aggregate([{ $match: { wakeAt: { $gt: new Date(0) }, status: { $ne: "awaiting_payment" } } }, { $count: "n" }], {
      hint: "due_with_status",
    })
    .explain("queryPlanner");
  expect(JSON.stringify(plan)).toContain('"IXSCAN"');
  expect(JSON.stringify(plan)).not.toContain('"FETCH"');
});
