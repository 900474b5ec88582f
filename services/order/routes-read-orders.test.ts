import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable, Payables } from "@shop/contracts/internal-api";
import { eventually } from "@shop/kit/testing/eventually";
import { type OrderBody, type TestOrderApi, testOrderApi } from "./testing/order-api";

let api: TestOrderApi;
beforeAll(async () => {
  api = await testOrderApi();
});
afterAll(() => api.close());

describe("GET /orders/{id}", () => {
  test("200 for the owner and for users who may read orders, 404 for other users", async () => {
    const owner = await api.user();
    const { body: order } = await owner.post();
    expect((await owner.get(`/orders/${order.id}`)).body.id).toBe(order.id);
    expect((await (await api.user(["orders:read"])).get(`/orders/${order.id}`)).status).toBe(200);
    expect((await (await api.user()).get(`/orders/${order.id}`)).status).toBe(404);
  });
  test("200 with the fields that POST returned; nothing of the stored document is added", async () => {
    const owner = await api.user();
    const { body: order } = await owner.post();
    expect((await owner.get(`/orders/${order.id}`)).body).toEqual(order);
  });
  test("404 for an unknown order, 422 for an invalid id, 401 without a token", async () => {
    const { get } = await api.user();
    expect((await get(`/orders/${Bun.randomUUIDv7()}`)).status).toBe(404);
    expect((await get("/orders/nonsense")).status).toBe(422);
    expect((await api.send("GET", `/orders/${Bun.randomUUIDv7()}`)).status).toBe(401);
  });
});

describe("GET /orders/user/{userId}", () => {
  test("200 with the orders of a status and of a period; `from` is included, `to` is not", async () => {
    const owner = await api.user();
    const placed: OrderBody[] = [];
    for (let n = 0; n < 3; n++) {
      const { body } = await owner.post();
      placed.push(body);
      await eventually(() => Date.now() > Date.parse(body.createdAt));
    }
    const [first, second, third] = placed as [OrderBody, OrderBody, OrderBody];
    await api.service.confirm(second.id);
    const listed = async (query: Record<string, string>) => {
      const path = `/orders/user/${owner.id}?${new URLSearchParams(query)}`;
      const { body: page } = await owner.get<{ items: OrderBody[] }>(path);
      return page.items.map((order) => order.id);
    };
    expect(await listed({ status: "confirmed" })).toEqual([second.id]);
    expect(await listed({ status: "pending" })).toEqual([third.id, first.id]);
    expect(await listed({ from: second.createdAt })).toEqual([third.id, second.id]);
    expect(await listed({ to: second.createdAt })).toEqual([first.id]);
    expect(await listed({ from: second.createdAt, to: third.createdAt, status: "confirmed" })).toEqual([second.id]);
    expect(await listed({ from: first.createdAt, cursor: third.id, limit: "1" })).toEqual([second.id]);
    expect(await listed({ from: "1969-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z" })).toHaveLength(3);
    expect(await listed({ from: third.createdAt, to: first.createdAt })).toEqual([]);
  });
  test("200 with pages from newest to oldest, each order once", async () => {
    const owner = await api.user();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await owner.post()).body.id);
    type Page = { items: OrderBody[]; nextCursor: string | null };
    const path = `/orders/user/${owner.id}?limit=3`;
    const first = (await owner.get<Page>(path)).body;
    const second = (await owner.get<Page>(`${path}&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map((order) => order.id)).toEqual(ids.reverse());
    expect(second.nextCursor).toBeNull();
  });
  test("422 for an unknown status, an invalid time or an invalid cursor", async () => {
    const owner = await api.user();
    for (const query of ["status=lost", "from=yesterday", "to=2026-13-01T00:00:00Z", "cursor=1"])
      expect((await owner.get(`/orders/user/${owner.id}?${query}`)).status).toBe(422);
  });
  test("404 for another user's orders, 422 for limit 0", async () => {
    const owner = await api.user();
    expect((await (await api.user()).get(`/orders/user/${owner.id}`)).status).toBe(404);
    expect((await owner.get(`/orders/user/${owner.id}?limit=0`)).status).toBe(422);
  });
});

describe("GET /internal/orders/payable", () => {
  const paymentService = async () => `Bearer ${await api.tokens.payment.for("order")}`;

  test("200: an order is payable once its stock is reserved; repeated and unknown ids add nothing", async () => {
    const owner = await api.user();
    const { body: order } = await owner.post();
    const authorization = await paymentService();
    const path = `/internal/orders/payable?ids=${order.id},${Bun.randomUUIDv7()},${order.id}`;
    const payables = async () => (await api.send("GET", path, { authorization })).body;
    expect(await payables()).toMatchObject({ items: [{ payable: false }] });
    await api.service.reply(order.id, "inventory.updated", { change: "reserved" });
    expect(await payables()).toEqual({
      items: [
        {
          orderId: order.id,
          userId: owner.id,
          amount: { amount: 3998, currency: "USD" },
          payable: true,
          refusal: "order.not_awaiting_payment",
        },
      ],
    });
  });
  test("200 with the reason why no payment can begin, unless the order awaits payment", async () => {
    const owner = await api.user();
    const { body: order } = await owner.post({ paymentMethod: undefined });
    const authorization = await paymentService();
    const payable = async () => {
      const { body } = await api.send("GET", `/internal/orders/payable?ids=${order.id}`, { authorization });
      return (body as unknown as Payables).items[0] as Payable;
    };
    expect(await payable()).toMatchObject({ payable: false, refusal: "order.not_awaiting_payment" });
    await api.service.reply(order.id, "inventory.updated", { change: "reserved" });
    expect(await payable()).toMatchObject({ userId: owner.id, payable: false });
    expect(await payable()).not.toHaveProperty("refusal");
    await api.service.orders.updateOne({ _id: order.id }, { $set: { holdExpiresAt: new Date(0) } });
    expect(await payable()).toMatchObject({ refusal: "order.hold_expired" });
    await owner.cancel(order.id);
    expect(await payable()).toMatchObject({ refusal: "order.cancelled" });
  });
  test("401 with a user's token, 403 for another service, 422 for an invalid id", async () => {
    const path = `/internal/orders/payable?ids=${Bun.randomUUIDv7()}`;
    expect((await (await api.user()).get(path)).status).toBe(401);
    const userService = `Bearer ${await api.tokens.user.for("order")}`;
    expect((await api.send("GET", path, { authorization: userService })).status).toBe(403);
    expect((await api.send("GET", `${path},x`, { authorization: await paymentService() })).status).toBe(422);
  });
});
