import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { aMessage, type TestInventoryService, testInventoryService } from "../testing/inventory-service";

let service: TestInventoryService;
beforeAll(async () => {
  service = await testInventoryService();
});
afterAll(() => service.close());

const id = () => Bun.randomUUIDv7();
const past = "2020-01-01T00:00:00.000Z";
const future = "2099-01-01T00:00:00.000Z";

describe("an order's stock", () => {
  test("is held, then sold; the reply carries the saga id", async () => {
    const productId = await service.aProduct(5);
    const orderId = id();
    await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    expect(await service.getStock(productId)).toEqual({ onHand: 5, pinned: 2, available: 3 });
    await service.commit(orderId);
    await service.commit(orderId);
    expect(await service.getStock(productId)).toEqual({ onHand: 3, pinned: 0, available: 3 });
    expect(await service.listMovements(productId)).toEqual(["received 5", "sold -2"]);
    const items = [{ productId, quantity: 2 }];
    expect(await service.listUpdates(orderId)).toEqual([{ orderId, change: "reserved", items, sagaid: "saga-1" }]);
  });

  test("is held once, even if the same or another message repeats the reservation", async () => {
    const productId = await service.aProduct(5);
    const data = { orderId: id(), items: [{ productId, quantity: 2 }] };
    const message = aMessage({ type: "inventory.reserve", data });
    await Promise.all([
      service.reserve(data, message),
      service.reserve(data, message),
      service.reserve(data),
      service.reserve(data),
    ]);
    await service.reserve(data, message);
    expect((await service.getStock(productId)).pinned).toBe(2);
    const updates = await service.listUpdates(data.orderId);
    expect(updates.map((update) => update.change)).toEqual(["reserved", "reserved", "reserved"]);
  });

  test("is returned once by two concurrent releases", async () => {
    const productId = await service.aProduct(5);
    const orderId = id();
    await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await Promise.all([service.release(orderId), service.release(orderId)]);
    expect(await service.getStock(productId)).toEqual({ onHand: 5, pinned: 0, available: 5 });
    expect((await service.listUpdates(orderId)).map((update) => update.change)).toEqual([
      "reserved",
      "released",
      "released",
    ]);
  });

  test("is returned when a sold order is released", async () => {
    const productId = await service.aProduct(5);
    const orderId = id();
    await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await service.commit(orderId);
    await service.release(orderId);
    expect(await service.listMovements(productId)).toEqual(["received 5", "sold -2", "returned 2"]);
    expect((await service.getStock(productId)).available).toBe(5);
  });

  test("is not sold by a confirmation that arrives after the release", async () => {
    const productId = await service.aProduct(5);
    const orderId = id();
    await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await service.release(orderId);
    await service.commit(orderId);
    expect(await service.getStock(productId)).toEqual({ onHand: 5, pinned: 0, available: 5 });
    expect(await service.listMovements(productId)).toEqual(["received 5"]);
  });

  test("is returned in full, whether the confirmation or the release comes first", async () => {
    const productId = await service.aProduct(100);
    const orders = Array.from({ length: 20 }, id);
    for (const orderId of orders) await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    await Promise.all(orders.flatMap((orderId) => [service.commit(orderId), service.release(orderId)]));
    expect(await service.getStock(productId)).toEqual({ onHand: 100, pinned: 0, available: 100 });
  });

  test("is not held if the release came first", async () => {
    const productId = await service.aProduct(5);
    const orderId = id();
    await service.release(orderId);
    await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
    expect((await service.getStock(productId)).available).toBe(5);
    expect((await service.listUpdates(orderId)).map((update) => update.code ?? update.change)).toEqual([
      "released",
      "inventory.released_before",
    ]);
  });

  test("is never left held by concurrent reservation and release", async () => {
    const productId = await service.aProduct(1000);
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const orderId = id();
        await Promise.all([
          service.reserve({ orderId, items: [{ productId, quantity: 1 }] }),
          service.release(orderId),
        ]);
      }),
    );
    expect(await service.getStock(productId)).toEqual({ onHand: 1000, pinned: 0, available: 1000 });
  });

  test("is rejected with separate codes for unknown and sold-out products", async () => {
    const [unknown, soldOut] = [id(), id()];
    await service.reserve({ orderId: unknown, items: [{ productId: id(), quantity: 1 }] });
    await service.reserve({ orderId: soldOut, items: [{ productId: await service.aProduct(0), quantity: 1 }] });
    expect((await service.listUpdates(unknown))[0]?.code).toBe("inventory.product_unknown");
    expect((await service.listUpdates(soldOut))[0]?.code).toBe("inventory.out_of_stock");
  });

  test("produces one low-stock event without a saga id at the threshold", async () => {
    const productId = await service.aProduct(5, 3);
    const [first, second] = [id(), id()];
    for (const orderId of [first, second]) {
      await service.reserve({ orderId, items: [{ productId, quantity: 2 }] });
      await service.commit(orderId);
    }
    expect((await service.listUpdates(first))[1]).toEqual({
      orderId: first,
      change: "low",
      items: [{ productId, quantity: 2 }],
      sagaid: undefined,
    });
    expect(await service.listUpdates(second)).toHaveLength(1);
  });

  test("that was never held makes a confirmation fail", async () => {
    await expect(service.commit(id())).rejects.toMatchObject({ code: "inventory.nothing_held" });
  });
});

describe("a hold with an expiry", () => {
  test("reduces the available stock, and can be pinned", async () => {
    const productId = await service.aProduct(5);
    const data = { orderId: id(), items: [{ productId, quantity: 2 }] };
    await service.reserve({ ...data, expiresAt: future });
    expect(await service.getStock(productId)).toEqual({ onHand: 5, pinned: 0, available: 3 });
    await service.reserve(data);
    expect(await service.getStock(productId)).toEqual({ onHand: 5, pinned: 2, available: 3 });
  });

  test("no longer reduces the available stock after it has lapsed", async () => {
    const productId = await service.aProduct(1);
    await service.reserve({ orderId: id(), items: [{ productId, quantity: 1 }], expiresAt: past });
    expect((await service.getStock(productId)).available).toBe(1);
    const orderId = id();
    await service.reserve({ orderId, items: [{ productId, quantity: 1 }], expiresAt: future });
    expect((await service.listUpdates(orderId))[0]?.change).toBe("reserved");
    expect((await service.getStock(productId)).available).toBe(0);
  });
});

describe("with many concurrent buyers", () => {
  const countReserved = async (orders: string[]) => {
    const updates = await Promise.all(orders.map((orderId) => service.listUpdates(orderId)));
    return updates.flat().filter((update) => update.change === "reserved").length;
  };

  test.each([{ expiresAt: undefined }, { expiresAt: future }])(
    "one unit is reserved once: %p",
    async ({ expiresAt }) => {
      const productId = await service.aProduct(1);
      const orders = Array.from({ length: 200 }, id);
      await Promise.all(
        orders.map((orderId) => service.reserve({ orderId, items: [{ productId, quantity: 1 }], expiresAt })),
      );
      expect(await countReserved(orders)).toBe(1);
      expect((await service.getStock(productId)).available).toBe(0);
    },
  );

  test("orders that lock several products in different orders do not deadlock, and the counters stay consistent", async () => {
    const products = await Promise.all([30, 30, 30, 30].map((stock) => service.aProduct(stock)));
    await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const orderId = id();
        const items = products.map((_, i) => ({
          productId: products[(i * (1 + 2 * (n % 2)) + n) % 4] as string,
          quantity: 1,
        }));
        await service.reserve({ orderId, items: items.slice(0, 3), ...(n % 3 === 0 && { expiresAt: future }) });
        if (n % 3 === 1) await service.release(orderId);
        if (n % 3 === 2) await service.commit(orderId).catch(() => {});
      }),
    );
    expect(await service.findInconsistentProducts()).toHaveLength(0);
  });
});

test("stock movements can neither be updated nor deleted", async () => {
  const productId = await service.aProduct(1);
  await expect(service.sql`update stock_movement set delta = 2 where product_id = ${productId}`).rejects.toThrow(
    "append-only",
  );
  await expect(service.sql`delete from stock_movement where product_id = ${productId}`).rejects.toThrow("append-only");
});
