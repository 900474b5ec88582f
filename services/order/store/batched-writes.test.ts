import { afterAll, beforeAll, expect, test } from "bun:test";
import { decideExpiry } from "../commands/expire-holds";
import { type TestOrders, testOrders } from "../testing/order-service";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

test("if one update of a batch finds another version, each update still reports whether it was written", async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, () => service.awaitingPayment()));
  const stored = await Promise.all(ids.map((id) => service.deps.store.load(id)));
  await service.orders.updateOne({ _id: ids[3] as string }, { $inc: { version: 1 } });
  const saved = await Promise.all(
    stored.map((it) => {
      const next = it && decideExpiry(it, Bun.randomUUIDv7(), new Date(8e12));
      return it && next && service.deps.store.commit(it, next, "request");
    }),
  );
  expect(saved.map((it) => it !== undefined)).toEqual(ids.map((_, index) => index !== 3));
});
