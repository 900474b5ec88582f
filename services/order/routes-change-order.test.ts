import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestOrderApi, testOrderApi } from "./testing/order-api";

let api: TestOrderApi;
beforeAll(async () => {
  api = await testOrderApi();
});
afterAll(() => api.close());

const ownerAndEmployee = async () => [await api.user(), await api.user(["orders:write"])] as const;

describe("DELETE /orders/{id}", () => {
  test("202 with the order, for the owner and for users who may write orders, also when repeated", async () => {
    const [owner, employee] = await ownerAndEmployee();
    const { body: order } = await owner.post();
    const answer = await owner.cancel(order.id);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: order.id, status: "pending", cancelRequested: expect.any(String) });
    expect(answer.body).not.toHaveProperty("handle");
    expect(answer.body.history.at(-1)).toMatchObject({
      type: "saga.step",
      step: "stock",
      outcome: "abort_requested",
      code: "order.cancel_requested",
    });
    for (const user of [owner, employee]) expect((await user.cancel(order.id)).status).toBe(202);
    await api.service.reply(order.id, "inventory.updated", { change: "reserved" });
    await api.service.reply(order.id, "inventory.updated", { change: "released" });
    const repeated = await owner.cancel(order.id);
    expect(repeated.status).toBe(202);
    expect(repeated.body).toMatchObject({ status: "cancelled", cancelReason: "order.cancel_requested" });
  });
  test("404 for other users, even if they may read orders; 404 for an unknown order, 422 for an invalid id, 401 without a token", async () => {
    const [owner, stranger, reader] = [await api.user(), await api.user(), await api.user(["orders:read"])];
    const { body: order } = await owner.post();
    for (const user of [stranger, reader]) expect((await user.cancel(order.id)).status).toBe(404);
    expect((await owner.get(`/orders/${order.id}`)).body).not.toHaveProperty("cancelRequested");
    expect((await owner.cancel(Bun.randomUUIDv7())).status).toBe(404);
    expect((await owner.cancel("nonsense")).status).toBe(422);
    expect((await api.send("DELETE", `/orders/${order.id}`)).status).toBe(401);
  });
  test("409 once the order is shipped", async () => {
    const [owner, employee] = await ownerAndEmployee();
    const { body: order } = await owner.post();
    await api.service.confirm(order.id);
    for (const status of ["shipped", "delivered"]) {
      expect((await employee.setStatus(order.id, status)).status).toBe(200);
      const answer = await owner.cancel(order.id);
      expect([answer.status, answer.body.code]).toEqual([409, "order.not_cancellable"]);
    }
  });
});

describe("PUT /orders/{id}/status", () => {
  test("200 with the order and the change in its history; repeating it changes nothing", async () => {
    const [owner, employee] = await ownerAndEmployee();
    const { body: order } = await owner.post();
    await api.service.confirm(order.id);
    const shipped = await employee.setStatus(order.id, "shipped", "Parcel 42");
    expect(shipped.status).toBe(200);
    expect(shipped.body.status).toBe("shipped");
    expect(shipped.body).not.toHaveProperty("handle");
    expect(shipped.body.history.at(-1)).toMatchObject({
      type: "order.status_changed",
      status: "shipped",
      reason: "Parcel 42",
    });
    const repeated = await employee.setStatus(order.id, "shipped", "Parcel 43");
    expect([repeated.status, repeated.body.history.length]).toEqual([200, shipped.body.history.length]);
    const delivered = await employee.setStatus(order.id, "delivered");
    expect(delivered.body.history.at(-1)).toMatchObject({ status: "delivered" });
    const stored = await api.service.document(order.id);
    expect(stored?.history.filter((entry) => entry.type === "order.status_changed").map((entry) => entry.data)).toEqual(
      [
        { orderId: order.id, userId: owner.id, from: "confirmed", to: "shipped", reason: "Parcel 42" },
        { orderId: order.id, userId: owner.id, from: "shipped", to: "delivered" },
      ],
    );
  });
  test("409 for an illegal transition", async () => {
    const [owner, employee] = await ownerAndEmployee();
    const { body: order } = await owner.post();
    for (const status of ["shipped", "delivered"]) {
      const answer = await employee.setStatus(order.id, status);
      expect([answer.status, answer.body.code]).toEqual([409, "order.illegal_transition"]);
    }
    await api.service.confirm(order.id);
    expect((await employee.setStatus(order.id, "delivered")).status).toBe(409);
    await employee.setStatus(order.id, "shipped");
    await employee.setStatus(order.id, "delivered");
    expect((await employee.setStatus(order.id, "shipped")).status).toBe(409);
  });
  test("403 for users who may not write orders, 404 for an unknown order, 422 for another status", async () => {
    const [owner, employee] = [await api.user(["orders:read"]), await api.user(["orders:write"])];
    const { body: order } = await owner.post();
    expect((await owner.setStatus(order.id, "shipped")).status).toBe(403);
    expect((await employee.setStatus(Bun.randomUUIDv7(), "shipped")).status).toBe(404);
    for (const status of ["confirmed", "cancelled", "refunded", "lost", 1, undefined])
      expect((await employee.setStatus(order.id, status)).status).toBe(422);
    expect((await employee.setStatus(order.id, "shipped", "x".repeat(501))).status).toBe(422);
  });
});
