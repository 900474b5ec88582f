import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { MessageType } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import { eventually } from "@shop/kit/testing/eventually";
import { testQueue } from "@shop/kit/testing/queue";
import { testRedisUrl } from "@shop/kit/testing/stores";
import type { OrderDocument } from "../store/documents";
import { type TestOrders, testOrders } from "../testing/order-service";
import { abandonPayment } from "./abandon-payment";
import { beginPayment } from "./begin-payment";
import { expireHolds } from "./expire-holds";
import { settlePayment } from "./settle-payment";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const aPayment = (orderId: string) => ({ orderId, paymentId: Bun.randomUUIDv7() });
const command = (type: MessageType, data: object, sagaid = Bun.randomUUIDv7()) =>
  ({ type, sagaid, data }) as unknown as Message;

/** An order whose payment has begun, with the stock pinned. */
async function payingOrder() {
  const id = await service.awaitingPayment();
  const payment = aPayment(id);
  const message = command("order.begin", payment);
  await beginPayment(service.deps, payment, message);
  await service.reply(id, "inventory.updated", { change: "reserved" });
  return { id, payment, sagaId: message.sagaid };
}

describe("a payment", () => {
  test("confirms the order, even if each of its messages arrives five times at once", async () => {
    const id = await service.awaitingPayment();
    const payment = aPayment(id);
    const sagaId = Bun.randomUUIDv7();
    const fiveTimes = (work: () => Promise<unknown>) => Promise.all(Array.from({ length: 5 }, work));
    await fiveTimes(() => beginPayment(service.deps, payment, command("order.begin", payment, sagaId)));
    await fiveTimes(() => service.reply(id, "inventory.updated", { change: "reserved" }));
    await fiveTimes(() => settlePayment(service.deps, payment, command("order.settle", payment, sagaId)));
    const doc = await service.documentAtRest(id);
    expect(doc).toMatchObject({ status: "confirmed", payment: { id: payment.paymentId, status: "completed" } });
    expect(doc.history.filter(({ type }) => type === "order.confirmed")).toHaveLength(1);
    expect(doc.sentSeq).toBe(doc.lastSeq);
  });
  test("that begins races with hold expiry; exactly one wins", async () => {
    // For the process that begins the payment the hold has not lapsed; for the other process it has.
    const [before, after] = [999, 1_000].map((ms) => ({ ...service.deps, clock: { now: () => new Date(ms) } }));
    if (!before || !after) throw new Error("there must be two clocks");
    for (let round = 0; round < 20; round++) {
      const id = await service.awaitingPayment();
      const payment = aPayment(id);
      await service.orders.updateOne({ _id: id }, { $set: { holdExpiresAt: new Date(1_000) } });
      await Promise.all([beginPayment(before, payment, command("order.begin", payment)), expireHolds(after)]);
      const doc = await service.document(id);
      const isRefused = doc?.history.some(({ type }) => type === "order.payment_refused");
      expect(doc?.status).toBe(isRefused ? "cancelling" : "paying");
      expect(doc?.cancelReason).toBe(isRefused ? "order.hold_expired" : undefined);
    }
  });
  test("that fails lets the order await another one, up to the limit; then the order is cancelled", async () => {
    const deps = { ...service.deps, paymentAttemptsMax: 2 };
    const { id, payment, sagaId } = await payingOrder();
    const first = { ...payment, code: "payment.declined" };
    await abandonPayment(deps, first, command("order.abandon", first, sagaId));
    expect(await service.document(id)).toMatchObject({ status: "awaiting_payment", payment: { status: "failed" } });
    const second = aPayment(id);
    const message = command("order.begin", second);
    await beginPayment(deps, second, message);
    await service.reply(id, "inventory.updated", { change: "reserved" });
    const last = { ...second, code: "payment.declined" };
    await abandonPayment(deps, last, command("order.abandon", last, message.sagaid));
    await service.reply(id, "inventory.updated", { change: "released" });
    expect(await service.documentAtRest(id)).toMatchObject({ status: "cancelled", cancelReason: "payment.declined" });
  });
  test("whose command is repeated gets its last answer again, with the same message id; nothing is written", async () => {
    const { id, payment, sagaId } = await payingOrder();
    const { version, history } = (await service.document(id)) as OrderDocument;
    const answer = history.findLast(({ type }) => type === "order.status_changed");
    const queue = testQueue("payment", testRedisUrl(4));
    const resent = async () =>
      (await queue.waiting()).filter(({ id, data }) => data.id === answer?.id && id !== answer?.id);
    await beginPayment(service.deps, payment, command("order.begin", payment, sagaId));
    const job = await eventually(async () => (await resent())[0]);
    expect(job.data).toMatchObject({ type: "order.status_changed", sagaid: sagaId, data: { to: "paying" } });
    expect((await service.document(id))?.version).toBe(version);
    await queue.close();
  });
  test("for an unknown order is ignored", async () => {
    const payment = aPayment(Bun.randomUUIDv7());
    await beginPayment(service.deps, payment, command("order.begin", payment));
    expect(await service.document(payment.orderId)).toBeNull();
  });
});
