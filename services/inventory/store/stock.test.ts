import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { aMessage, type TestShop, testShop } from "../testing/inventory-service";

let shop: TestShop;
beforeAll(async () => {
  shop = await testShop();
});
afterAll(() => shop.close());

const id = () => Bun.randomUUIDv7();
const past = "2020-01-01T00:00:00.000Z";
const future = "2099-01-01T00:00:00.000Z";

describe("an order's stock", () => {
  test("is held, then sold; each message is answered with the saga's id", async () => {
    const productId = await shop.aProduct(5);
    const orderId = id();
    await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    expect(await shop.figures(productId)).toEqual({ onHand: 5, pinned: 2, available: 3 });
    await shop.commit(orderId);
    await shop.commit(orderId);
    expect(await shop.figures(productId)).toEqual({ onHand: 3, pinned: 0, available: 3 });
    expect(await shop.movements(productId)).toEqual(["received 5", "sold -2"]);
    const items = [{ productId, quantity: 2 }];
    expect(await shop.told(orderId)).toEqual([{ orderId, change: "reserved", items, sagaid: "saga-1" }]);
  });

  test("is held once, however often and by whatever message it is asked for", async () => {
    const productId = await shop.aProduct(5);
    const data = { orderId: id(), items: [{ productId, quantity: 2 }] };
    const message = aMessage({ type: "inventory.reserve", data });
    await Promise.all([
      shop.reserve(data, message),
      shop.reserve(data, message),
      shop.reserve(data),
      shop.reserve(data),
    ]);
    await shop.reserve(data, message);
    expect((await shop.figures(productId)).pinned).toBe(2);
    const told = await shop.told(data.orderId);
    expect(told.map((answer) => answer.change)).toEqual(["reserved", "reserved", "reserved"]);
  });

  test("is given back by a release, once", async () => {
    const productId = await shop.aProduct(5);
    const orderId = id();
    await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await Promise.all([shop.release(orderId), shop.release(orderId)]);
    expect(await shop.figures(productId)).toEqual({ onHand: 5, pinned: 0, available: 5 });
    expect((await shop.told(orderId)).map((answer) => answer.change)).toEqual(["reserved", "released", "released"]);
  });

  test("comes back when a sold order is released", async () => {
    const productId = await shop.aProduct(5);
    const orderId = id();
    await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await shop.commit(orderId);
    await shop.release(orderId);
    expect(await shop.movements(productId)).toEqual(["received 5", "sold -2", "returned 2"]);
    expect((await shop.figures(productId)).available).toBe(5);
  });

  test("is not sold by a confirmation that comes after its release", async () => {
    const productId = await shop.aProduct(5);
    const orderId = id();
    await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await shop.release(orderId);
    await shop.commit(orderId);
    expect(await shop.figures(productId)).toEqual({ onHand: 5, pinned: 0, available: 5 });
    expect(await shop.movements(productId)).toEqual(["received 5"]);
  });

  test("is back whichever comes first of a confirmation and the release of its cancellation", async () => {
    const productId = await shop.aProduct(100);
    const orders = Array.from({ length: 20 }, id);
    for (const orderId of orders) await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await Promise.all(orders.flatMap((orderId) => [shop.commit(orderId), shop.release(orderId)]));
    expect(await shop.figures(productId)).toEqual({ onHand: 100, pinned: 0, available: 100 });
  });

  test("is refused when the release came first", async () => {
    const productId = await shop.aProduct(5);
    const orderId = id();
    await shop.release(orderId);
    await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    expect((await shop.figures(productId)).available).toBe(5);
    expect((await shop.told(orderId)).map((answer) => answer.code ?? answer.change)).toEqual([
      "released",
      "inventory.released_before",
    ]);
  });

  test("is never left held when reserve and release come at the same time", async () => {
    const productId = await shop.aProduct(1000);
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const orderId = id();
        await Promise.all([shop.reserve({ orderId, items: [{ productId, quantity: 1 }] }), shop.release(orderId)]);
      }),
    );
    expect(await shop.figures(productId)).toEqual({ onHand: 1000, pinned: 0, available: 1000 });
  });

  test("that is unknown or sold out is refused, each with its code", async () => {
    const [unknown, soldOut] = [id(), id()];
    await shop.reserve({ orderId: unknown, items: [{ productId: id(), quantity: 1 }] });
    await shop.reserve({ orderId: soldOut, items: [{ productId: await shop.aProduct(0), quantity: 1 }] });
    expect((await shop.told(unknown))[0]?.code).toBe("inventory.product_unknown");
    expect((await shop.told(soldOut))[0]?.code).toBe("inventory.out_of_stock");
  });

  test("that falls to its threshold is told once, to no saga", async () => {
    const productId = await shop.aProduct(5, 3);
    const [first, second] = [id(), id()];
    for (const orderId of [first, second]) {
      await shop.reserve({ orderId, items: [{ productId, quantity: 2 }] });
      await shop.commit(orderId);
    }
    expect((await shop.told(first))[1]).toEqual({
      orderId: first,
      change: "low",
      items: [{ productId, quantity: 2 }],
      sagaid: undefined,
    });
    expect(await shop.told(second)).toHaveLength(1);
  });

  test("that is confirmed without ever being held stays in the queue for somebody to look at", async () => {
    await expect(shop.commit(id())).rejects.toMatchObject({ code: "inventory.nothing_held" });
  });
});

describe("a hold with an expiry", () => {
  test("counts while it lives and can be pinned", async () => {
    const productId = await shop.aProduct(5);
    const data = { orderId: id(), items: [{ productId, quantity: 2 }] };
    await shop.reserve({ ...data, expiresAt: future });
    expect(await shop.figures(productId)).toEqual({ onHand: 5, pinned: 0, available: 3 });
    await shop.reserve(data);
    expect(await shop.figures(productId)).toEqual({ onHand: 5, pinned: 2, available: 3 });
  });

  test("counts no longer once it has lapsed, without anybody releasing it", async () => {
    const productId = await shop.aProduct(1);
    await shop.reserve({ orderId: id(), items: [{ productId, quantity: 1 }], expiresAt: past });
    expect((await shop.figures(productId)).available).toBe(1);
    const orderId = id();
    await shop.reserve({ orderId, items: [{ productId, quantity: 1 }], expiresAt: future });
    expect((await shop.told(orderId))[0]?.change).toBe("reserved");
    expect((await shop.figures(productId)).available).toBe(0);
  });
});

describe("with many buyers at once", () => {
  const outcomes = async (orders: string[]) => {
    const told = await Promise.all(orders.map((orderId) => shop.told(orderId)));
    return told.flat().filter((answer) => answer.change === "reserved").length;
  };

  test.each([{ expiresAt: undefined }, { expiresAt: future }])("one unit is sold once: %p", async ({ expiresAt }) => {
    const productId = await shop.aProduct(1);
    const orders = Array.from({ length: 200 }, id);
    await Promise.all(
      orders.map((orderId) => shop.reserve({ orderId, items: [{ productId, quantity: 1 }], expiresAt })),
    );
    expect(await outcomes(orders)).toBe(1);
    expect((await shop.figures(productId)).available).toBe(0);
  });

  test("of several products in any order nobody waits for ever, and the counters are right", async () => {
    const products = await Promise.all([30, 30, 30, 30].map((stock) => shop.aProduct(stock)));
    await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const orderId = id();
        const items = products.map((_, i) => ({
          productId: products[(i * (1 + 2 * (n % 2)) + n) % 4] as string,
          quantity: 1,
        }));
        await shop.reserve({ orderId, items: items.slice(0, 3), ...(n % 3 === 0 && { expiresAt: future }) });
        if (n % 3 === 1) await shop.release(orderId);
        if (n % 3 === 2) await shop.commit(orderId).catch(() => {});
      }),
    );
    expect(await shop.wrongCounters()).toHaveLength(0);
  });
});

test("the ledger cannot be rewritten", async () => {
  const productId = await shop.aProduct(1);
  await expect(shop.sql`update stock_movement set delta = 2 where product_id = ${productId}`).rejects.toThrow(
    "append-only",
  );
  await expect(shop.sql`delete from stock_movement where product_id = ${productId}`).rejects.toThrow("append-only");
});
