import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import { cancelOrder } from "../commands/cancel-order";
import { type TestOrders, testOrders } from "../testing/order-service";
import type { OrderDocument } from "./documents";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

/** Makes the order look as if all its messages were sent and its saga had waited for a reply for a long time. */
const makeDue = (id: string, sentSeq: number) =>
  service.orders.updateOne({ _id: id }, { $set: { sentSeq, updatedAt: new Date(0), wakeAt: new Date(0) } });
const untilScheduledAgain = (id: string) =>
  eventually(async () => ((await service.document(id))?.wakeAt?.getTime() ?? 0) > Date.now());

describe("the sweep", () => {
  test("resends a command while no reply comes, and schedules the next time", async () => {
    const { id } = await service.placed();
    const { lastSeq } = (await service.document(id)) as OrderDocument;
    await makeDue(id, lastSeq);
    await untilScheduledAgain(id);
    expect((await service.document(id))?.saga.status).toBe("running");
  });
  test("resends the void of an order that is being cancelled", async () => {
    const order = await service.placed();
    await service.confirm(order.id);
    const user = { id: order.userId, permissions: [], expiresAt: 0 };
    await cancelOrder(service.deps, user, order.id);
    const { lastSeq } = (await service.document(order.id)) as OrderDocument;
    await makeDue(order.id, lastSeq);
    await untilScheduledAgain(order.id);
    expect((await service.document(order.id))?.saga).toMatchObject({ status: "running", step: "give_back" });
  });
  test("publishes the messages of a process that crashed after its commit", async () => {
    const written = (await service.document((await service.placed()).id)) as OrderDocument;
    const id = Bun.randomUUIDv7();
    await service.orders.insertOne({ ...written, _id: id, wakeAt: new Date(0) });
    const doc = await service.documentWhen(id, ({ sentSeq, lastSeq }) => sentSeq === lastSeq);
    expect(doc.unsentSince).toBeUndefined();
  });
});
