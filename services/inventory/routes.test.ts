import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testClient } from "@shop/kit/testing/http";
import { testIssuer, testServiceTokens } from "@shop/kit/testing/tokens";
import { routes } from "./routes";
import { type TestShop, testShop } from "./testing/inventory-service";

let shop: TestShop;
let send: ReturnType<typeof testClient>;
let admin: string;
let otherAdmin: string;
let customer: string;
let order: string;
let payment: string;

beforeAll(async () => {
  shop = await testShop();
  const issuer = await testIssuer();
  const tokens = await testServiceTokens("order", "payment", "inventory");
  send = testClient(routes(shop.deps, { verify: issuer.verify, tokens: tokens.inventory }));
  admin = await issuer.bearer(Bun.randomUUIDv7(), ["inventory:write"]);
  otherAdmin = await issuer.bearer(Bun.randomUUIDv7(), ["inventory:write"]);
  customer = await issuer.bearer(Bun.randomUUIDv7());
  order = `Bearer ${await tokens.order.for("inventory")}`;
  payment = `Bearer ${await tokens.payment.for("inventory")}`;
});
afterAll(() => shop.close());

const details = { name: "Blue Mug", description: "Holds coffee", price: { amount: 1999, currency: "USD" } };

async function aProduct(name = "Blue Mug", stock = 0): Promise<string> {
  const id = Bun.randomUUIDv7();
  await send("PUT", `/products/${id}`, { body: { ...details, name }, authorization: admin });
  const delivery = { quantity: stock, reason: "received" };
  if (stock > 0) await send("POST", `/products/${id}/stock`, { body: delivery, authorization: admin });
  return id;
}

describe("GET /products/{productId}", () => {
  test("200: what it is, what it costs, how many there are", async () => {
    const id = await aProduct("Blue Mug", 7);
    const { status, body } = await send("GET", `/products/${id}`);
    expect({ status, body }).toEqual({ status: 200, body: { ...details, id, available: 7 } });
  });

  test("404 and 422", async () => {
    expect(await send("GET", `/products/${Bun.randomUUIDv7()}`)).toMatchObject({
      status: 404,
      body: { code: "product.not_found" },
    });
    expect((await send("GET", "/products/mug")).status).toBe(422);
  });
});

describe("GET /products", () => {
  type Page = { items: { id: string; name: string }[]; nextCursor: string | null };

  test("200: pages through everything, each product once", async () => {
    for (let n = 0; n < 5; n++) await aProduct(`Listed ${n}`);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body }: { body: Page } = await send<Page>("GET", `/products?limit=2${cursor ? `&cursor=${cursor}` : ""}`);
      seen.push(...body.items.map((item) => item.id));
      cursor = body.nextCursor;
    } while (cursor);
    const rows = await shop.sql`select id from product order by id`;
    expect(seen).toEqual(rows.map((row) => row.id));
  });

  test("200: finds products by words of their names, begun or whole, and nothing by signs", async () => {
    const id = await aProduct("Walnut Chessboard");
    const find = async (q: string) => (await send<Page>("GET", `/products?q=${encodeURIComponent(q)}`)).body.items;
    expect((await find("chess WAL")).map((item) => item.id)).toEqual([id]);
    expect(await find("chess pine")).toEqual([]);
    expect(await find("' & !")).toEqual([]);
    expect(await find("chess':* | x")).toEqual([]);
  });

  test("422 for a page that is too large, a cursor that is none, an empty search", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "cursor=1", "q="])
      expect((await send("GET", `/products?${query}`)).status).toBe(422);
  });
});

describe("PUT /products/{productId}", () => {
  test("201 for a new one, 200 for one that is replaced; its stock stays", async () => {
    const id = Bun.randomUUIDv7();
    const put = (body: unknown) => send("PUT", `/products/${id}`, { body, authorization: admin });
    expect(await put(details)).toMatchObject({ status: 201, body: { ...details, id, available: 0 } });
    await send("POST", `/products/${id}/stock`, { body: { quantity: 3, reason: "received" }, authorization: admin });
    const dearer = { ...details, price: { amount: 2999, currency: "EUR" } };
    expect(await put({ ...dearer, lowStockThreshold: 1 })).toMatchObject({
      status: 200,
      body: { ...dearer, available: 3 },
    });
  });

  test("401, 403 and 422", async () => {
    const path = `/products/${Bun.randomUUIDv7()}`;
    expect((await send("PUT", path, { body: details })).status).toBe(401);
    expect((await send("PUT", path, { body: details, authorization: order })).status).toBe(401);
    expect((await send("PUT", path, { body: details, authorization: customer })).status).toBe(403);
    for (const wrong of [
      { name: "" },
      { price: { amount: -1, currency: "USD" } },
      { price: { amount: 1, currency: "usd" } },
    ])
      expect((await send("PUT", path, { body: { ...details, ...wrong }, authorization: admin })).status).toBe(422);
  });

  test("400 and 415", async () => {
    const path = `/products/${Bun.randomUUIDv7()}`;
    expect((await send("PUT", path, { raw: "{", authorization: admin })).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await send("PUT", path, { raw: "x", headers, authorization: admin })).status).toBe(415);
  });
});

describe("POST /products/{productId}/stock", () => {
  const book = (id: string, body: unknown, authorization = admin) =>
    send("POST", `/products/${id}/stock`, { body, authorization });

  test("200: the new figures", async () => {
    const id = await aProduct("Mug", 10);
    await shop.reserve({ orderId: Bun.randomUUIDv7(), items: [{ productId: id, quantity: 4 }] });
    expect(await book(id, { quantity: -6, reason: "corrected" })).toMatchObject({
      status: 200,
      body: { productId: id, onHand: 4, held: 4, available: 0 },
    });
    expect(await shop.movements(id)).toEqual(["received 10", "corrected -6"]);
  });

  test("409 when orders hold what would be taken away", async () => {
    const id = await aProduct("Mug", 10);
    const expiresAt = "2099-01-01T00:00:00.000Z";
    await shop.reserve({ orderId: Bun.randomUUIDv7(), items: [{ productId: id, quantity: 4 }], expiresAt });
    expect(await book(id, { quantity: -7, reason: "corrected" })).toMatchObject({
      status: 409,
      body: { code: "stock.held" },
    });
  });

  test("401, 403, 404 and 422", async () => {
    const id = await aProduct();
    const delivery = { quantity: 1, reason: "received" };
    expect((await send("POST", `/products/${id}/stock`, { body: delivery })).status).toBe(401);
    expect((await book(id, delivery, customer)).status).toBe(403);
    expect((await book(Bun.randomUUIDv7(), delivery)).status).toBe(404);
    for (const wrong of [{ quantity: 0 }, { quantity: 1.5 }, { quantity: 1e9 }, { reason: "sold" }, { quantity: -1 }])
      expect((await book(id, { ...delivery, ...wrong })).status).toBe(422);
  });
});

describe("POST /products/{productId}/stock with an Idempotency-Key", () => {
  const delivery = { quantity: 3, reason: "received" };
  const book = (id: string, key: string, body: unknown = delivery, authorization = admin) =>
    send("POST", `/products/${id}/stock`, { body, authorization, headers: { "idempotency-key": key } });

  test("200: the first answer again, though the figures have changed since; the goods are booked once", async () => {
    const id = await aProduct("Mug", 10);
    const key = crypto.randomUUID();
    const first = await book(id, key);
    expect(first).toMatchObject({ status: 200, body: { productId: id, onHand: 13, held: 0, available: 13 } });
    await book(id, crypto.randomUUID());
    const again = await book(id, key);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(await shop.movements(id)).toEqual(["received 10", "received 3", "received 3"]);
  });

  test("200: of a hundred at once one has an effect, twenty times over, and the rest its answer or 409", async () => {
    const id = await aProduct();
    for (let round = 1; round <= 20; round++) {
      const key = crypto.randomUUID();
      const answers = await Promise.all(Array.from({ length: 100 }, () => book(id, key)));
      for (const { status, body, headers } of answers) {
        if (status === 200) expect(body.onHand).toBe(3 * round);
        else {
          expect([status, body.code]).toEqual([409, "idempotency.in_progress"]);
          expect(headers.get("retry-after")).toBe("1");
        }
      }
      expect(await book(id, key)).toMatchObject({ status: 200, body: { onHand: 3 * round } });
    }
    expect((await shop.figures(id)).onHand).toBe(60);
    expect(await shop.movements(id)).toHaveLength(20);
  });

  test("422: the same key for other goods, or for another product", async () => {
    const [id, other] = [await aProduct(), await aProduct()];
    const key = crypto.randomUUID();
    await book(id, key);
    for (const again of [book(id, key, { ...delivery, quantity: 4 }), book(other, key)])
      expect(await again).toMatchObject({ status: 422, body: { code: "idempotency.key_reused" } });
    expect(await shop.movements(other)).toEqual([]);
  });

  test("200: the same key of two people is two keys", async () => {
    const id = await aProduct();
    const key = crypto.randomUUID();
    for (const authorization of [admin, otherAdmin])
      expect((await book(id, key, delivery, authorization)).status).toBe(200);
    expect((await shop.figures(id)).onHand).toBe(6);
  });

  test("409, 404 and 403 are not kept: the same request may go through later", async () => {
    const id = await aProduct();
    const key = crypto.randomUUID();
    const taking = { quantity: -1, reason: "corrected" };
    expect((await book(id, key, taking)).status).toBe(409);
    expect((await book(id, key, taking, customer)).status).toBe(403);
    await send("POST", `/products/${id}/stock`, { body: delivery, authorization: admin });
    expect(await book(id, key, taking)).toMatchObject({ status: 200, body: { onHand: 2 } });
    const [late, lateKey] = [Bun.randomUUIDv7(), crypto.randomUUID()];
    expect((await book(late, lateKey)).status).toBe(404);
    await send("PUT", `/products/${late}`, { body: details, authorization: admin });
    expect((await book(late, lateKey)).status).toBe(200);
  });

  test("422: a key that is empty or longer than 255 characters", async () => {
    const id = await aProduct();
    expect((await book(id, "k".repeat(256))).status).toBe(422);
    expect((await book(id, "")).status).toBe(422);
    expect((await book(id, "k".repeat(255))).status).toBe(200);
  });
});

describe("GET /internal/products", () => {
  test("200: the ones there are, asked for by order", async () => {
    const [first, second] = [await aProduct("One", 2), await aProduct("Two")];
    const path = `/internal/products?ids=${second},${first},${first},${Bun.randomUUIDv7()}`;
    const { price } = details;
    expect(await send("GET", path, { authorization: order })).toMatchObject({
      status: 200,
      body: {
        items: [
          { id: first, name: "One", price, available: 2 },
          { id: second, name: "Two", price, available: 0 },
        ],
      },
    });
  });

  test("401 without a service's token, 403 for another service, 422 for what are no ids or too many", async () => {
    const path = `/internal/products?ids=${Bun.randomUUIDv7()}`;
    expect((await send("GET", path)).status).toBe(401);
    expect((await send("GET", path, { authorization: admin })).status).toBe(401);
    expect((await send("GET", path, { authorization: payment })).status).toBe(403);
    const many = Array.from({ length: 101 }, () => Bun.randomUUIDv7()).join();
    for (const ids of ["", "mug", many])
      expect((await send("GET", `/internal/products?ids=${ids}`, { authorization: order })).status).toBe(422);
  });
});
