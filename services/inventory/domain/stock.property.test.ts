import { expect, test } from "bun:test";
import { propertyOptions } from "@shop/kit/testing/property";
import fc from "fast-check";
import { type InMemoryStock, inMemoryStock } from "../testing/in-memory-stock";
import { decideCommit } from "./commit";
import { decideRelease } from "./release";
import { decideReservation } from "./reserve";
import { countAvailable } from "./stock";

const products = ["a", "b"];
const anOrder = fc.constantFrom("o1", "o2", "o3", "o4");
const someItems = fc.array(
  fc.record({ productId: fc.constantFrom(...products), quantity: fc.integer({ min: 1, max: 4 }) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);
const anAction = fc.oneof(
  fc.record({ kind: fc.constant("reserve" as const), orderId: anOrder, items: someItems, pinned: fc.boolean() }),
  fc.record({ kind: fc.constant("release" as const), orderId: anOrder }),
  fc.record({ kind: fc.constant("commit" as const), orderId: anOrder }),
  fc.record({ kind: fc.constant("lapse" as const), orderId: anOrder }),
);
type Action = typeof anAction extends fc.Arbitrary<infer A> ? A : never;

function play(memory: InMemoryStock, action: Action): string {
  const { orderId } = action;
  const stock = memory.getStock(orderId);
  if (action.kind === "reserve") {
    const expiresAt = action.pinned ? undefined : "2026-01-01T00:15:00.000Z";
    return memory.apply(orderId, decideReservation(stock, { orderId, items: action.items, expiresAt }));
  }
  if (action.kind === "release") return memory.apply(orderId, decideRelease(stock, { orderId }));
  if (action.kind === "lapse") {
    memory.lapse(orderId);
    return "lapsed";
  }
  try {
    return memory.apply(orderId, decideCommit(stock, { orderId }));
  } catch {
    return "refused";
  }
}

const someStock = fc.record({ a: fc.integer({ min: 0, max: 6 }), b: fc.integer({ min: 0, max: 6 }) });

test("in any sequence of commands, nothing is oversold and the counters equal the sums of holds and movements", () => {
  fc.assert(
    fc.property(someStock, fc.array(anAction, { maxLength: 40 }), (stock, actions) => {
      const memory = inMemoryStock(stock);
      for (const action of actions) {
        play(memory, action);
        for (const productId of products) {
          const product = memory.getProduct(productId);
          const moved = memory.movements.filter((movement) => movement.productId === productId);
          expect(countAvailable(product)).toBeGreaterThanOrEqual(0);
          expect(product.pinned).toBe(memory.sumPinnedHolds(productId));
          expect(product.onHand).toBe(moved.reduce((sum, movement) => sum + movement.delta, 0));
        }
      }
    }),
    propertyOptions("stock under any sequence of commands"),
  );
});

test("releasing every order returns every unit", () => {
  fc.assert(
    fc.property(someStock, fc.array(anAction, { maxLength: 40 }), (stock, actions) => {
      const memory = inMemoryStock(stock);
      for (const action of actions) play(memory, action);
      for (const orderId of ["o1", "o2", "o3", "o4"] as const) play(memory, { kind: "release", orderId });
      expect(products.map((productId) => countAvailable(memory.getProduct(productId)))).toEqual([stock.a, stock.b]);
    }),
    propertyOptions("stock after releasing every order"),
  );
});
