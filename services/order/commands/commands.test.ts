import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { MessageType } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance } from "@shop/kit/saga/engine";
import { sagasStuck } from "@shop/kit/telemetry/metrics";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { testQueue } from "@shop/kit/testing/queue";
import { testRedisUrl } from "@shop/kit/testing/stores";
import type { StoredOrder } from "../deps";
import { placeOrder as placeOrderSaga } from "../sagas/place-order";
import type { OrderDocument } from "../store/documents";
import { stuckSagas } from "../store/stuck-sagas";
import { answerLimitSeconds, lamp, type TestOrders, testOrders } from "../testing/order-service";
import { cancelOrder } from "./cancel-order";
import { decideExpiry, expireHolds } from "./expire-holds";
import { type PlaceOrder, placeOrder } from "./place-order";
import { setStatus } from "./set-status";
import { abandonPayment, beginPayment, settlePayment } from "./take-payment";
import { timeOut } from "./time-out";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const anOrder = (over: Partial<PlaceOrder> = {}): PlaceOrder => ({
  userId: service.newUser(),
  items: [{ productId: lamp.id, quantity: 1 }],
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
  ...over,
});
const placed = async (over: Partial<PlaceOrder> = {}) => (await placeOrder(service.deps, anOrder(over))).order;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "nothing thrown",
    (error) => error.code,
  );
const paidFor = ({ saga, order }: StoredOrder) => ({
  kind: "message" as const,
  message: { type: "payment.processed", sagaid: saga.id, data: { orderId: order.id, paymentId: "p" } } as Message,
});
const document = (id: string) => service.orders.findOne({ _id: id });

describe("placing an order", () => {
  test("stores it with its first messages in one document, the token sealed", async () => {
    const order = await placed();
    const doc = await document(order.id);
    expect(doc).toMatchObject({
      status: "pending",
      version: 1,
      saga: { step: "stock" },
      paymentMethod: { sealedToken: "sealed(pm_card_visa)" },
    });
    expect(doc?.history.filter((entry) => !entry.note).map((entry) => entry.type)).toEqual([
      "order.created",
      "inventory.reserve",
    ]);
  });
  test("is refused for an account that is gone", async () => {
    expect(await codeOf(placeOrder(service.deps, anOrder({ userId: Bun.randomUUIDv7() })))).toBe("order.user_unknown");
  });
});

describe("a full backlog", () => {
  test("refuses new orders, tells old ones again, and takes orders when there is room", async () => {
    const command = anOrder({ idempotencyKey: "before" });
    const before = await placeOrder(service.deps, command);
    const full = { ...service.deps, backlogIsFull: () => true };
    expect(await codeOf(placeOrder(full, anOrder()))).toBe("order.too_many_under_way");
    expect((await placeOrder(full, command)).order.id).toBe(before.order.id);
  });
});

describe("one idempotency key", () => {
  test("a hundred at once make one order", async () => {
    const command = anOrder({ idempotencyKey: "once" });
    const answers = await Promise.all(Array.from({ length: 100 }, () => placeOrder(service.deps, command)));
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(await service.orders.countDocuments({ userId: command.userId })).toBe(1);
  });
  test("another request under it is refused", async () => {
    const command = anOrder({ idempotencyKey: "other" });
    await placeOrder(service.deps, command);
    const other = { ...command, items: [{ productId: lamp.id, quantity: 2 }] };
    expect(await codeOf(placeOrder(service.deps, other))).toBe("idempotency.key_reused");
  });
  test("another user may use the same", async () => {
    const first = await placed({ idempotencyKey: "shared" });
    expect((await placed({ idempotencyKey: "shared" })).id).not.toBe(first.id);
  });
});

describe("an order's saga", () => {
  test("ends confirmed, in four writes at most, with nothing left to send", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await service.answer(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    const doc = await eventually(async () => {
      const now = await document(id);
      return now?.wakeAt === undefined ? now : undefined;
    });
    expect(doc).toMatchObject({
      status: "confirmed",
      saga: { status: "completed" },
      paymentMethod: { provider: "stripe" },
    });
    expect(doc.paymentMethod).not.toHaveProperty("sealedToken");
    expect(JSON.stringify(doc)).not.toContain("sealed(");
    // Insert, two answers, and one write that notes the last message as sent.
    expect(doc.version).toBe(3);
    expect(doc.sentSeq).toBe(doc.lastSeq);
  });
  test("takes the same answer twice as once", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await service.answer(id, "inventory.updated", { change: "reserved" });
    expect((await document(id))?.version).toBe(2);
  });
  test("takes answers that come at the same time one after the other", async () => {
    const { id } = await placed();
    await Promise.all(Array.from({ length: 8 }, () => service.answer(id, "inventory.updated", { change: "reserved" })));
    const doc = await document(id);
    expect(doc?.history.filter((entry) => entry.type === "payment.charge")).toHaveLength(1);
  });
  test("takes an answer to what another process wrote meanwhile", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    const ours = service.deps.store.recent(id);
    const next = ours && advance(placeOrderSaga, ours.order, ours.saga, paidFor(ours));
    // Another process writes, and ours does not know.
    if (!next || !ours) throw new Error("the order is there");
    await service.orders.updateOne({ _id: id }, { $inc: { version: 1 } });
    expect(await service.deps.store.commit(ours, next, "answer")).toBeUndefined();
    await service.answer(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    expect((await document(id))?.status).toBe("confirmed");
  });
  test("ignores an answer about an order that does not exist", async () => {
    await service.answer(Bun.randomUUIDv7(), "payment.processed", { paymentId: Bun.randomUUIDv7() });
  });
});

describe("an order whose question nobody answers", () => {
  /** As if its question had waited for as long as is allowed. */
  const overdue = (id: string) =>
    service.orders.updateOne({ _id: id }, [
      { $set: { waitedSeconds: answerLimitSeconds, wakeAt: new Date(0), updatedAt: new Date(0), sentSeq: "$lastSeq" } },
    ]);
  const when = (id: string, is: (doc: OrderDocument) => boolean) =>
    eventually(async () => {
      const doc = await document(id);
      return doc && is(doc) ? doc : undefined;
    });

  test("about its stock is undone and cancelled, however late the answer then comes", async () => {
    const { id } = await placed();
    await overdue(id);
    await when(id, ({ saga }) => saga.status === "compensating");
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await service.answer(id, "inventory.updated", { change: "released" });
    expect(await document(id)).toMatchObject({ status: "cancelled", cancelReason: "order.timed_out" });
  });
  test("about its payment is parked, counted, and no longer asked about; the late answer confirms it", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await overdue(id);
    const parked = await when(id, ({ saga, wakeAt }) => saga.stuck !== undefined && wakeAt === undefined);
    expect(parked).toMatchObject({ status: "pending", saga: { step: "funds", stuck: "order.timed_out" } });
    expect(parked.history.at(-1)).toMatchObject({ note: true, data: { step: "funds", outcome: "stuck" } });
    const counting = stuckSagas({ orders: service.orders, log: silentLog, everyMs: 5 });
    const stuckNow = async () => (await sagasStuck.get()).values.map(({ labels, value }) => ({ ...labels, value }));
    await eventually(async () => (await stuckNow()).length > 0);
    expect(await stuckNow()).toEqual([{ saga: "place-order", step: "funds", value: 1 }]);
    await service.answer(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    const doc = await document(id);
    expect(doc?.status).toBe("confirmed");
    expect(doc?.saga).not.toHaveProperty("stuck");
    await eventually(async () => (await stuckNow()).length === 0);
    await counting.close();
  });
  test("is given up once, by whom comes first", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    const { version } = (await document(id)) as OrderDocument;
    await Promise.all(Array.from({ length: 5 }, () => timeOut(service.deps, id, version)));
    expect((await document(id))?.version).toBe(version + 1);
    await timeOut(service.deps, id, version + 1);
    expect((await document(id))?.version).toBe(version + 1);
  });
  test("is not given up when it was answered meanwhile", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await timeOut(service.deps, id, 1);
    expect((await document(id))?.saga).toMatchObject({ status: "running", step: "funds" });
  });
  test("while a step waits for somebody, is not asked again, and undone when their time is over", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
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
    const asleep = await when(id, ({ wakeAt }) => wakeAt?.getTime() === until.getTime());
    expect(asleep.asked).toBe(0);
    await service.orders.updateOne(
      { _id: id },
      { $set: { "saga.waiting.until": new Date(0).toISOString(), wakeAt: new Date(0) } },
    );
    const undone = await when(id, ({ saga }) => saga.status === "compensating");
    expect(undone.saga).toMatchObject({ step: "funds", failure: { code: "order.timed_out" } });
    expect(undone.history.at(-1)?.type).toBe("payment.void");
  });
});

describe("a wish to cancel", () => {
  const owner = (order: { userId: string }) => ({ id: order.userId, permissions: [], expiresAt: 0 });
  const cancel = async (order: { id: string; userId: string }) =>
    (await cancelOrder(service.deps, owner(order), order.id)).order;
  const sent = (doc: OrderDocument | null, type: string) => doc?.history.filter((entry) => entry.type === type) ?? [];

  test("of an order under way is kept, and turns it round when the charge is answered", async () => {
    const order = await placed();
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    expect(await cancel(order)).toMatchObject({ status: "pending", cancelRequested: expect.any(Date) });
    await service.answer(order.id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    expect((await document(order.id))?.saga).toMatchObject({ status: "compensating", step: "funds" });
    await service.answer(order.id, "payment.voided", { paymentId: Bun.randomUUIDv7() });
    await service.answer(order.id, "inventory.updated", { change: "released" });
    const doc = await document(order.id);
    expect(doc).toMatchObject({
      status: "cancelled",
      cancelReason: "order.cancel_requested",
      payment: { status: "voided" },
      paymentMethod: { provider: "stripe" },
    });
    expect(sent(doc, "order.confirmed")).toEqual([]);
    expect(JSON.stringify(doc)).not.toContain("sealed(");
  });
  test("of a confirmed order is carried out by a saga of its own, with the payment's id", async () => {
    const order = await placed();
    await service.confirmed(order.id);
    const before = await document(order.id);
    expect((await cancel(order)).status).toBe("cancelling");
    const doc = await document(order.id);
    expect(doc?.saga).toMatchObject({ name: "cancel-order", step: "give_back" });
    expect(doc?.saga.id).not.toBe(before?.saga.id);
    expect(sent(doc, "payment.void")[0]).toMatchObject({
      sagaid: doc?.saga.id,
      data: { orderId: order.id, paymentId: before?.payment?.id },
    });
    await service.answer(order.id, "payment.voided", { paymentId: before?.payment?.id });
    await service.answer(order.id, "inventory.updated", { change: "released" });
    const end = await eventually(async () => {
      const now = await document(order.id);
      return now?.wakeAt === undefined ? now : undefined;
    });
    expect(end).toMatchObject({ status: "cancelled", saga: { status: "completed" }, payment: { status: "voided" } });
    expect(end.sentSeq).toBe(end.lastSeq);
  });
  test("ten at once, and again later, are one", async () => {
    for (const isConfirmed of [false, true]) {
      const order = await placed();
      if (isConfirmed) await service.confirmed(order.id);
      const { version } = (await document(order.id)) as OrderDocument;
      await Promise.all(Array.from({ length: 10 }, () => cancel(order)));
      await cancel(order);
      expect((await document(order.id))?.version).toBe(version + 1);
    }
  });
  test("against an answer that comes at the same time: both count, whichever is first", async () => {
    for (let round = 0; round < 10; round++) {
      const order = await placed();
      await service.answer(order.id, "inventory.updated", { change: "reserved" });
      await Promise.all([
        cancel(order),
        service.answer(order.id, "payment.processed", { paymentId: Bun.randomUUIDv7() }),
      ]);
      const doc = await document(order.id);
      // Turned round at the answer, or confirmed and taken back: either way the money is asked for.
      expect(sent(doc, "payment.void")).toHaveLength(1);
      expect(doc?.status).toBe(sent(doc, "order.confirmed").length === 1 ? "cancelling" : "pending");
    }
  });
  test("proves nothing about what was sent before it", async () => {
    const order = await placed();
    const { sentSeq } = (await document(order.id)) as OrderDocument;
    await cancel(order);
    expect((await document(order.id))?.sentSeq).toBe(sentSeq);
  });
  test("comes too late for a parcel that has left, and the parcel for an order that is cancelled", async () => {
    const [left, taken] = [await placed(), await placed()];
    for (const order of [left, taken]) await service.confirmed(order.id);
    await setStatus(service.deps, { orderId: left.id, status: "shipped" });
    expect(await codeOf(cancel(left))).toBe("order.not_cancellable");
    await cancel(taken);
    expect(await codeOf(setStatus(service.deps, { orderId: taken.id, status: "shipped" }))).toBe(
      "order.illegal_transition",
    );
  });
  test("and a shipment at the same time: one of them", async () => {
    for (let round = 0; round < 10; round++) {
      const order = await placed();
      await service.confirmed(order.id);
      const codes = await Promise.all([
        codeOf(cancel(order)),
        codeOf(setStatus(service.deps, { orderId: order.id, status: "shipped" })),
      ]);
      expect(codes.filter((code) => code === "nothing thrown")).toHaveLength(1);
      expect((await document(order.id))?.status).toBe(codes[0] === "nothing thrown" ? "cancelling" : "shipped");
    }
  });
});

describe("an order that is paid for later", () => {
  const ids = (orderId: string, paymentId = Bun.randomUUIDv7()) => ({ orderId, paymentId });
  const command = (type: MessageType, data: object, sagaid = Bun.randomUUIDv7()) =>
    ({ type, sagaid, data }) as unknown as Message;
  const waiting = async () => {
    const { id } = await placed({ paymentMethod: undefined });
    await service.answer(id, "inventory.updated", { change: "reserved" });
    return id;
  };
  const asleep = (id: string) =>
    eventually(async () => {
      const now = await document(id);
      return now?.wakeAt === undefined ? now : undefined;
    });
  const begun = async () => {
    const id = await waiting();
    const payment = ids(id);
    const message = command("order.begin", payment);
    await beginPayment(service.deps, payment, message);
    await service.answer(id, "inventory.updated", { change: "reserved" });
    return { id, payment, saga: message.sagaid };
  };

  test("waits without anybody looking at it", async () => {
    const doc = await asleep(await waiting());
    expect(doc).toMatchObject({ status: "awaiting_payment", saga: { status: "completed" } });
    expect(doc.sentSeq).toBe(doc.lastSeq);
    expect(doc).not.toHaveProperty("paymentMethod");
  });
  test("is confirmed by its payment, also where each of its messages comes five times at once", async () => {
    const id = await waiting();
    const payment = ids(id);
    const saga = Bun.randomUUIDv7();
    const five = (work: () => Promise<unknown>) => Promise.all(Array.from({ length: 5 }, work));
    await five(() => beginPayment(service.deps, payment, command("order.begin", payment, saga)));
    await five(() => service.answer(id, "inventory.updated", { change: "reserved" }));
    await five(() => settlePayment(service.deps, payment, command("order.settle", payment, saga)));
    const doc = await asleep(id);
    expect(doc).toMatchObject({ status: "confirmed", payment: { id: payment.paymentId, status: "completed" } });
    expect(doc.history.filter(({ type }) => type === "order.confirmed")).toHaveLength(1);
    expect(doc.sentSeq).toBe(doc.lastSeq);
  });
  test("is cancelled when its time is over, unless a payment begins at the same moment: one of them", async () => {
    // By the clock of whoever takes the payment there is time left, by the other's there is none.
    const [before, after] = [999, 1_000].map((ms) => ({ ...service.deps, clock: { now: () => new Date(ms) } }));
    if (!before || !after) throw new Error("two clocks");
    for (let round = 0; round < 20; round++) {
      const id = await waiting();
      const payment = ids(id);
      await service.orders.updateOne({ _id: id }, { $set: { holdExpiresAt: new Date(1_000) } });
      await Promise.all([beginPayment(before, payment, command("order.begin", payment)), expireHolds(after)]);
      const doc = await document(id);
      const isRefused = doc?.history.some(({ type }) => type === "order.payment_refused");
      expect(doc?.status).toBe(isRefused ? "cancelling" : "paying");
      expect(doc?.cancelReason).toBe(isRefused ? "order.hold_expired" : undefined);
    }
  });
  test("goes back to waiting after a failed payment, as often as its owner may try", async () => {
    const deps = { ...service.deps, paymentAttempts: 2 };
    const { id, payment, saga } = await begun();
    const abandon = { ...payment, code: "payment.declined" };
    await abandonPayment(deps, abandon, command("order.abandon", abandon, saga));
    expect(await document(id)).toMatchObject({ status: "awaiting_payment", payment: { status: "failed" } });
    const second = ids(id);
    const message = command("order.begin", second);
    await beginPayment(deps, second, message);
    await service.answer(id, "inventory.updated", { change: "reserved" });
    const last = { ...second, code: "payment.declined" };
    await abandonPayment(deps, last, command("order.abandon", last, message.sagaid));
    await service.answer(id, "inventory.updated", { change: "released" });
    expect(await asleep(id)).toMatchObject({ status: "cancelled", cancelReason: "payment.declined" });
  });
  test("and a group of changes in which one comes too late: each knows whether it was written", async () => {
    const orders = await Promise.all(Array.from({ length: 12 }, waiting));
    const stored = await Promise.all(orders.map((id) => service.deps.store.load(id)));
    await service.orders.updateOne({ _id: orders[3] as string }, { $inc: { version: 1 } });
    const saved = await Promise.all(
      stored.map((it) => {
        const next = it && decideExpiry(it, Bun.randomUUIDv7(), new Date(8e12));
        return it && next && service.deps.store.commit(it, next, "request");
      }),
    );
    expect(saved.map((it) => it !== undefined)).toEqual(orders.map((_, index) => index !== 3));
  });
  test("tells a payment that asks again what it was told last, as the same message, and writes nothing", async () => {
    const { id, payment, saga } = await begun();
    const { version, history } = (await document(id)) as OrderDocument;
    const told = history.findLast(({ type }) => type === "order.status_changed");
    const queue = testQueue("payment", testRedisUrl(4));
    const sentAgain = async () =>
      (await queue.waiting()).filter((job) => job.data.id === told?.id && job.id !== told?.id).map((job) => job.data);
    await beginPayment(service.deps, payment, command("order.begin", payment, saga));
    const again = await eventually(async () => (await sentAgain())[0]);
    expect(again).toMatchObject({ type: "order.status_changed", sagaid: saga, data: { to: "paying" } });
    expect((await document(id))?.version).toBe(version);
    await queue.close();
  });
  test("that does not exist is nobody's to pay for", async () => {
    const payment = ids(Bun.randomUUIDv7());
    await beginPayment(service.deps, payment, command("order.begin", payment));
    expect(await document(payment.orderId)).toBeNull();
  });
});

describe("the sweep", () => {
  test("asks for the money again when payment does not answer", async () => {
    const order = await placed();
    await service.confirmed(order.id);
    const user = { id: order.userId, permissions: [], expiresAt: 0 };
    await cancelOrder(service.deps, user, order.id);
    const { lastSeq } = (await document(order.id)) as OrderDocument;
    const long = { sentSeq: lastSeq, updatedAt: new Date(0), wakeAt: new Date(0) };
    await service.orders.updateOne({ _id: order.id }, { $set: long });
    await eventually(async () => ((await document(order.id))?.wakeAt?.getTime() ?? 0) > Date.now());
    expect((await document(order.id))?.saga).toMatchObject({ status: "running", step: "give_back" });
  });
  test("publishes what its writer could not", async () => {
    // As another process leaves it that crashes between commit and publish.
    const written = (await document((await placed()).id)) as OrderDocument;
    const id = Bun.randomUUIDv7();
    await service.orders.insertOne({ ...written, _id: id, wakeAt: new Date(0) });
    const doc = await eventually(async () => {
      const now = await document(id);
      return now?.sentSeq === 3 ? now : undefined;
    });
    expect(doc.unsentSince).toBeUndefined();
  });
  test("asks again when no answer comes, and keeps looking", async () => {
    const { id } = await placed();
    await service.orders.updateOne({ _id: id }, { $set: { sentSeq: 3, updatedAt: new Date(0), wakeAt: new Date(0) } });
    await eventually(async () => ((await document(id))?.wakeAt?.getTime() ?? 0) > Date.now());
    expect((await document(id))?.saga.status).toBe("running");
  });
});
