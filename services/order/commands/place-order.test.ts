import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { errorCode } from "@shop/kit/testing/error-code";
import { lamp, rug, type TestOrders, testOrders } from "../testing/order-service";
import { placeOrder, toIdempotentRequest } from "./place-order";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

describe("placing an order", () => {
  test("stores it with its first messages in one document, with the token sealed", async () => {
    const order = await service.placed();
    const doc = await service.document(order.id);
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
  test("is refused for an account that no longer exists", async () => {
    const command = service.anOrder({ userId: Bun.randomUUIDv7() });
    expect(await errorCode(placeOrder(service.deps, command))).toBe("order.user_unknown");
  });
  test("without a payment method stores an order that waits for payment and that the sweep does not visit", async () => {
    const doc = await service.documentAtRest(await service.awaitingPayment());
    expect(doc).toMatchObject({ status: "awaiting_payment", saga: { status: "completed" } });
    expect(doc.sentSeq).toBe(doc.lastSeq);
    expect(doc).not.toHaveProperty("paymentMethod");
  });
});

describe("a full backlog", () => {
  test("refuses new orders, and still returns the order of a replayed key", async () => {
    const command = service.anOrder({ idempotencyKey: "before" });
    const before = await placeOrder(service.deps, command);
    const full = { ...service.deps, backlogIsFull: () => true };
    expect(await errorCode(placeOrder(full, service.anOrder()))).toBe("order.too_many_under_way");
    expect((await placeOrder(full, command)).order.id).toBe(before.order.id);
  });
});

describe("an idempotency key", () => {
  test("used by 100 requests at once makes one order", async () => {
    const command = service.anOrder({ idempotencyKey: "once" });
    const answers = await Promise.all(Array.from({ length: 100 }, () => placeOrder(service.deps, command)));
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(await service.orders.countDocuments({ userId: command.userId })).toBe(1);
  });
  test("used for a different request is refused", async () => {
    const command = service.anOrder({ idempotencyKey: "other" });
    await placeOrder(service.deps, command);
    const other = { ...command, items: [{ productId: lamp.id, quantity: 2 }] };
    expect(await errorCode(placeOrder(service.deps, other))).toBe("idempotency.key_reused");
  });
  test("may be used by another user", async () => {
    const first = await service.placed({ idempotencyKey: "shared" });
    expect((await service.placed({ idempotencyKey: "shared" })).id).not.toBe(first.id);
  });

  const items = [
    { productId: lamp.id, quantity: 2 },
    { productId: rug.id, quantity: 1 },
  ];
  const userId = "01920000-0000-7000-8000-00000000000a";
  const scope = "01920000-0000-7000-8000-00000000000a POST /orders key-1";
  test.each([
    {
      request: {
        items,
        paymentMethod: { provider: "stripe", token: "pm_card_visa" },
        shippingAddress: { name: "Ada", line1: "1 Main St", city: "Oslo", postalCode: "0150", country: "NO" },
      },
      requestHash: "OGI3eNp6jjVRtL6wNeWVym5N7p_XYr6tQ-McVdF5gKs",
    },
    { request: { items }, requestHash: "b95TEXc6geptYuAMis0GyMSGezRDRXtEfcSMeb9pNWU" },
  ])("has the scope and hash that stored keys have: $requestHash", ({ request, requestHash }) => {
    const command = { userId, idempotencyKey: "key-1", ...request };
    expect(toIdempotentRequest(command)).toEqual({ scope, requestHash });
  });
  test("is stored with the order under the field names `scope` and `hash`", async () => {
    const command = service.anOrder({ idempotencyKey: "stored" });
    const { order } = await placeOrder(service.deps, command);
    expect((await service.document(order.id))?.idempotency).toEqual({
      scope: `${command.userId} POST /orders stored`,
      hash: toIdempotentRequest(command)?.requestHash as string,
    });
  });
});
