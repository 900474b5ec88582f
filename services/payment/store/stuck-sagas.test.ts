import { afterAll, beforeAll, expect, test } from "bun:test";
import { sagasStuck } from "@shop/kit/telemetry/metrics";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { stuckSagas } from "./stuck-sagas";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

const stuckCounts = async () => (await sagasStuck.get()).values.map(({ labels, value }) => ({ ...labels, value }));

test("a saga without a reply for ten minutes is counted as stuck until the reply arrives", async () => {
  const { orderId, userId } = service.newOrder();
  const id = Bun.randomUUIDv7();
  const saga = { id, name: "pay-order", status: "running", step: "begin", outputs: {} };
  const row = { id, saga_id: id, order_id: orderId, user_id: userId, provider: "stripe", amount: 1, currency: "USD" };
  await service.sql`
    insert into payment ${service.sql({ ...row, status: "pending", desired: "captured", observed: "nothing" })}`;
  await service.sql`
    update payment set saga = ${service.sql.json(saga)}, saga_wake_at = now(), updated_at = now() - interval '9 minutes'`;
  const stuck = stuckSagas({ sql: service.sql, log: silentLog, everyMs: 5 });
  await Bun.sleep(50);
  expect(await stuckCounts()).toEqual([]);
  await service.sql`update payment set updated_at = now() - interval '11 minutes'`;
  await eventually(async () => (await stuckCounts()).length === 1);
  expect(await stuckCounts()).toEqual([{ saga: "pay-order", step: "begin", value: 1 }]);
  await service.sql`update payment set saga_wake_at = null`;
  await eventually(async () => (await stuckCounts()).length === 0);
  await stuck.close();
});
