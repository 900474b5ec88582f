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

describe("GET /products/{productId}", () => {
  test("200: returns the product with its price and available units", async () => {
    const id = await aProduct("Blue Mug", 7);
    const { status, body } = await send("GET", `/products/${id}`);
    expect({ status, body }).toEqual({ status: 200, body: { ...productDetails, id, available: 7 } });
  });

  test("404 for an unknown product, 422 for an invalid id", async () => {
    expect(await send("GET", `/products/${Bun.randomUUIDv7()}`)).toMatchObject({
      status: 404,
      body: { code: "product.not_found" },
    });
    expect((await send("GET", "/products/mug")).status).toBe(422);
  });
});

describe("GET /products", () => {
  type Page = { items: { id: string; name: string }[]; nextCursor: string | null };

  test("200: pages return every product once", async () => {
    for (let n = 0; n < 5; n++) await aProduct(`Listed ${n}`);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body }: { body: Page } = await send<Page>("GET", `/products?limit=2${cursor ? `&cursor=${cursor}` : ""}`);
      seen.push(...body.items.map((item) => item.id));
      cursor = body.nextCursor;
    } while (cursor);
    const rows = await service.sql`select id from product order by id`;
    expect(seen).toEqual(rows.map((row) => row.id));
  });

  test("200: finds products by whole words or beginnings of words; punctuation finds nothing", async () => {
    const id = await aProduct("Walnut Chessboard");
    const find = async (q: string) => (await send<Page>("GET", `/products?q=${encodeURIComponent(q)}`)).body.items;
    expect((await find("chess WAL")).map((item) => item.id)).toEqual([id]);
    expect(await find("chess pine")).toEqual([]);
    expect(await find("' & !")).toEqual([]);
    expect(await find("chess':* | x")).toEqual([]);
  });

  test("422 for an invalid limit or cursor, and an empty search", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "cursor=1", "q="])
      expect((await send("GET", `/products?${query}`)).status).toBe(422);
  });
});

describe("PUT /products/{productId}", () => {
  test("201 creates a product, 200 replaces its details and keeps its stock", async () => {
    const id = Bun.randomUUIDv7();
    const put = (body: unknown) => send("PUT", `/products/${id}`, { body, authorization: bearers.admin });
    expect(await put(productDetails)).toMatchObject({ status: 201, body: { ...productDetails, id, available: 0 } });
    await send("POST", `/products/${id}/stock`, {
      body: { quantity: 3, reason: "received" },
      authorization: bearers.admin,
    });
    const changed = { ...productDetails, price: { amount: 2999, currency: "EUR" } };
    expect(await put({ ...changed, lowStockThreshold: 1 })).toMatchObject({
      status: 200,
      body: { ...changed, available: 3 },
    });
  });

  test("401 without a user's token, 403 without inventory:write, 422 for invalid details", async () => {
    const path = `/products/${Bun.randomUUIDv7()}`;
    expect((await send("PUT", path, { body: productDetails })).status).toBe(401);
    expect((await send("PUT", path, { body: productDetails, authorization: bearers.order })).status).toBe(401);
    expect((await send("PUT", path, { body: productDetails, authorization: bearers.customer })).status).toBe(403);
    for (const invalid of [
      { name: "" },
      { price: { amount: -1, currency: "USD" } },
      { price: { amount: 1, currency: "usd" } },
      { lowStockThreshold: "3" },
    ]) {
      const body = { ...productDetails, ...invalid };
      expect((await send("PUT", path, { body, authorization: bearers.admin })).status).toBe(422);
    }
  });

  test("400 for malformed JSON, 415 for another content type", async () => {
    const path = `/products/${Bun.randomUUIDv7()}`;
    expect((await send("PUT", path, { raw: "{", authorization: bearers.admin })).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await send("PUT", path, { raw: "x", headers, authorization: bearers.admin })).status).toBe(415);
  });
});

describe("GET /internal/products", () => {
  test("200: returns the existing products to order, each once", async () => {
    const [first, second] = [await aProduct("One", 2), await aProduct("Two")];
    const path = `/internal/products?ids=${second},${first},${first},${Bun.randomUUIDv7()}`;
    const { price } = productDetails;
    expect(await send("GET", path, { authorization: bearers.order })).toMatchObject({
      status: 200,
      body: {
        items: [
          { id: first, name: "One", price, available: 2 },
          { id: second, name: "Two", price, available: 0 },
        ],
      },
    });
  });

  test("401 without a service token, 403 for another service, 422 for invalid or too many ids", async () => {
    const path = `/internal/products?ids=${Bun.randomUUIDv7()}`;
    expect((await send("GET", path)).status).toBe(401);
    expect((await send("GET", path, { authorization: bearers.admin })).status).toBe(401);
    expect((await send("GET", path, { authorization: bearers.payment })).status).toBe(403);
    const many = Array.from({ length: 101 }, () => Bun.randomUUIDv7()).join();
    for (const ids of ["", "mug", many])
      expect((await send("GET", `/internal/products?ids=${ids}`, { authorization: bearers.order })).status).toBe(422);
  });
});
