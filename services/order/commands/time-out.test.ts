import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sagasStuck } from "@shop/kit/telemetry/metrics";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import type { OrderDocument } from "../store/documents";
import { stuckSagas } from "../store/stuck-sagas";
import { replyLimitSeconds, type TestOrders, testOrders } from "../testing/order-service";
import { timeOut } from "./time-out";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
  await service.untilStarted();
});
afterAll(() => service.close());

/** Makes the order look as if its saga had waited for a reply as long as it may. */
const makeOverdue = (id: string) =>
  service.orders.updateOne({ _id: id }, [
    { $set: { waitedSeconds: replyLimitSeconds, wakeAt: new Date(0), updatedAt: new Date(0), sentSeq: "$lastSeq" } },
  ]);

describe("a saga without a reply", () => {
  test("from inventory is compensated and the order cancelled, even if the reply comes late", async () => {
    const { id } = await service.placed();
    await makeOverdue(id);
    await service.documentWhen(id, ({ saga }) => saga.status === "compensating");
    await service.reply(id, "inventory.updated", { change: "reserved" });
    await service.reply(id, "inventory.updated", { change: "released" });
    expect(await service.document(id)).toMatchObject({ status: "cancelled", cancelReason: "order.timed_out" });
  });
  test("from payment is parked, counted and no longer swept; the late reply confirms the order", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    await makeOverdue(id);
    const parked = await service.documentWhen(id, ({ saga, wakeAt }) => saga.stuck !== undefined && !wakeAt);
    expect(parked).toMatchObject({ status: "pending", saga: { step: "funds", stuck: "order.timed_out" } });
    expect(parked.history.at(-1)).toMatchObject({ note: true, data: { step: "funds", outcome: "stuck" } });
    const gauge = stuckSagas({ orders: service.orders, log: silentLog, everyMs: 5 });
    const stuckNow = async () => (await sagasStuck.get()).values.map(({ labels, value }) => ({ ...labels, value }));
    await eventually(async () => (await stuckNow()).length > 0);
    expect(await stuckNow()).toEqual([{ saga: "place-order", step: "funds", value: 1 }]);
    await service.reply(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    const doc = await service.document(id);
    expect(doc?.status).toBe("confirmed");
    expect(doc?.saga).not.toHaveProperty("stuck");
    await eventually(async () => (await stuckNow()).length === 0);
    await gauge.close();
  });
  test("is given up once when five processes try at the same time", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    const { version } = (await service.document(id)) as OrderDocument;
    await Promise.all(Array.from({ length: 5 }, () => timeOut(service.deps, id, version)));
    expect((await service.document(id))?.version).toBe(version + 1);
    await timeOut(service.deps, id, version + 1);
    expect((await service.document(id))?.version).toBe(version + 1);
  });
  test("is not given up if the order was written in the meantime", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    await timeOut(service.deps, id, 1);
    expect((await service.document(id))?.saga).toMatchObject({ status: "running", step: "funds" });
  });
});

test("a waiting step is not retried, and is compensated when its time is over", async () => {
  const { id } = await service.placed();
  await service.reply(id, "inventory.updated", { change: "reserved" });
  const until = new Date(Date.now() + 3_600_000);
  await service.orders.updateOne({ _id: id }, [
    {
      $set: {
        "saga.waiting": { until: until.toISOString() },
        wakeAt: new Date(0),
        updatedAt: new Date(0),
        sentSeq: "$lastSeq",
      },
    },
  ]);
  const asleep = await service.documentWhen(id, ({ wakeAt }) => wakeAt?.getTime() === until.getTime());
  expect(asleep.asked).toBe(0);
  await service.orders.updateOne(
    { _id: id },
    { $set: { "saga.waiting.until": new Date(0).toISOString(), wakeAt: new Date(0) } },
  );
  const compensating = await service.documentWhen(id, ({ saga }) => saga.status === "compensating");
  expect(compensating.saga).toMatchObject({ step: "funds", failure: { code: "order.timed_out" } });
  expect(compensating.history.at(-1)?.type).toBe("payment.void");
});
