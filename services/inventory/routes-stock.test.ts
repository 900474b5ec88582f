import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { productDetails, type TestInventoryRoutes, testInventoryRoutes } from "./testing/inventory-routes";

let service: TestInventoryRoutes;
let send: TestInventoryRoutes["send"];
let bearers: TestInventoryRoutes["bearers"];
let aProduct: TestInventoryRoutes["aProduct"];
beforeAll(async () => {
  service = await testInventoryRoutes();
  ({ send, bearers, aProduct } = service);
});
afterAll(() => service.close());

describe("POST /products/{productId}/stock", () => {
  const adjust = (id: string, body: unknown, authorization = bearers.admin) =>
    send("POST", `/products/${id}/stock`, { body, authorization });

  test("200: returns the new stock level", async () => {
    const id = await aProduct("Mug", 10);
    await service.reserve({ orderId: Bun.randomUUIDv7(), items: [{ productId: id, quantity: 4 }] });
    expect(await adjust(id, { quantity: -6, reason: "corrected" })).toMatchObject({
      status: 200,
      body: { productId: id, onHand: 4, held: 4, available: 0 },
    });
    expect(await service.listMovements(id)).toEqual(["received 10", "corrected -6"]);
  });

  test("409 if orders hold the units to be removed", async () => {
    const id = await aProduct("Mug", 10);
    const expiresAt = "2099-01-01T00:00:00.000Z";
    await service.reserve({ orderId: Bun.randomUUIDv7(), items: [{ productId: id, quantity: 4 }], expiresAt });
    expect(await adjust(id, { quantity: -7, reason: "corrected" })).toMatchObject({
      status: 409,
      body: { code: "stock.held" },
    });
  });

  test("401 without a token, 403 without inventory:write, 404 for an unknown product, 422 for an invalid body", async () => {
    const id = await aProduct();
    const receipt = { quantity: 1, reason: "received" };
    expect((await send("POST", `/products/${id}/stock`, { body: receipt })).status).toBe(401);
    expect((await adjust(id, receipt, bearers.customer)).status).toBe(403);
    expect((await adjust(Bun.randomUUIDv7(), receipt)).status).toBe(404);
    for (const invalid of [
      { quantity: 0 },
      { quantity: 1.5 },
      { quantity: 1e9 },
      { quantity: "2" },
      { reason: "sold" },
      { quantity: -1 },
    ])
      expect((await adjust(id, { ...receipt, ...invalid })).status).toBe(422);
  });
});

describe("POST /products/{productId}/stock with an Idempotency-Key", () => {
  const receipt = { quantity: 3, reason: "received" };
  const adjust = (id: string, key: string, body: unknown = receipt, authorization = bearers.admin) =>
    send("POST", `/products/${id}/stock`, { body, authorization, headers: { "idempotency-key": key } });

  test("200: a repetition gets the first response, although the stock has changed, and takes effect once", async () => {
    const id = await aProduct("Mug", 10);
    const key = crypto.randomUUID();
    const first = await adjust(id, key);
    expect(first).toMatchObject({ status: 200, body: { productId: id, onHand: 13, held: 0, available: 13 } });
    await adjust(id, crypto.randomUUID());
    const repeated = await adjust(id, key);
    expect([repeated.status, repeated.body]).toEqual([first.status, first.body]);
    expect(await service.listMovements(id)).toEqual(["received 10", "received 3", "received 3"]);
  });

  test("200: of a hundred concurrent requests one takes effect; the others get its response or 409, in twenty rounds", async () => {
    const id = await aProduct();
    for (let round = 1; round <= 20; round++) {
      const key = crypto.randomUUID();
      const responses = await Promise.all(Array.from({ length: 100 }, () => adjust(id, key)));
      for (const { status, body, headers } of responses) {
        if (status === 200) expect(body.onHand).toBe(3 * round);
        else {
          expect([status, body.code]).toEqual([409, "idempotency.in_progress"]);
          expect(headers.get("retry-after")).toBe("1");
        }
      }
      expect(await adjust(id, key)).toMatchObject({ status: 200, body: { onHand: 3 * round } });
    }
    expect((await service.getStock(id)).onHand).toBe(60);
    expect(await service.listMovements(id)).toHaveLength(20);
  });

  test("422: rejects a reused key with another quantity or product", async () => {
    const [id, other] = [await aProduct(), await aProduct()];
    const key = crypto.randomUUID();
    await adjust(id, key);
    for (const reused of [adjust(id, key, { ...receipt, quantity: 4 }), adjust(other, key)])
      expect(await reused).toMatchObject({ status: 422, body: { code: "idempotency.key_reused" } });
    expect(await service.listMovements(other)).toEqual([]);
  });

  test("200: the same key of two users is two keys", async () => {
    const id = await aProduct();
    const key = crypto.randomUUID();
    for (const authorization of [bearers.admin, bearers.otherAdmin])
      expect((await adjust(id, key, receipt, authorization)).status).toBe(200);
    expect((await service.getStock(id)).onHand).toBe(6);
  });

  test("409, 404 and 403 are not stored: the same request may succeed later", async () => {
    const id = await aProduct();
    const key = crypto.randomUUID();
    const removal = { quantity: -1, reason: "corrected" };
    expect((await adjust(id, key, removal)).status).toBe(409);
    expect((await adjust(id, key, removal, bearers.customer)).status).toBe(403);
    await send("POST", `/products/${id}/stock`, { body: receipt, authorization: bearers.admin });
    expect(await adjust(id, key, removal)).toMatchObject({ status: 200, body: { onHand: 2 } });
    const [late, lateKey] = [Bun.randomUUIDv7(), crypto.randomUUID()];
    expect((await adjust(late, lateKey)).status).toBe(404);
    await send("PUT", `/products/${late}`, { body: productDetails, authorization: bearers.admin });
    expect((await adjust(late, lateKey)).status).toBe(200);
  });

  test("422: rejects an empty key and one longer than 255 characters", async () => {
    const id = await aProduct();
    expect((await adjust(id, "k".repeat(256))).status).toBe(422);
    expect((await adjust(id, "")).status).toBe(422);
    expect((await adjust(id, "k".repeat(255))).status).toBe(200);
  });
});
