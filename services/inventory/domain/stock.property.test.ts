import { expect, test } from "bun:test";
import { thoroughly } from "@shop/kit/testing/property";
import fc from "fast-check";
import { Ledger } from "../testing/in-memory-stock";
import { decideCommit } from "./commit";
import { decideRelease } from "./release";
import { decideReservation } from "./reserve";
import { availableOf } from "./stock";

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

function play(ledger: Ledger, action: Action): string {
  const { orderId } = action;
  const stock = ledger.stockFor(orderId);
  if (action.kind === "reserve") {
    const expiresAt = action.pinned ? undefined : "2026-01-01T00:15:00.000Z";
    return ledger.apply(orderId, decideReservation(stock, { orderId, items: action.items, expiresAt }));
  }
  if (action.kind === "release") return ledger.apply(orderId, decideRelease(stock, { orderId }));
  if (action.kind === "lapse") {
    ledger.lapse(orderId);
    return "lapsed";
  }
  try {
    return ledger.apply(orderId, decideCommit(stock, { orderId }));
  } catch {
    return "refused";
  }
}

const stockOf = fc.record({ a: fc.integer({ min: 0, max: 6 }), b: fc.integer({ min: 0, max: 6 }) });

test("whatever is asked in whatever order: nothing is oversold, and the counters are what holds and movements add up to", () => {
  fc.assert(
    fc.property(stockOf, fc.array(anAction, { maxLength: 40 }), (stock, actions) => {
      const ledger = new Ledger(stock);
      for (const action of actions) {
        play(ledger, action);
        for (const productId of products) {
          const figures = ledger.figures(productId);
          const moved = ledger.movements.filter((movement) => movement.productId === productId);
          expect(availableOf(figures)).toBeGreaterThanOrEqual(0);
          expect(figures.pinned).toBe(ledger.heldForGood(productId));
          expect(figures.onHand).toBe(moved.reduce((sum, movement) => sum + movement.delta, 0));
        }
      }
    }),
    thoroughly("stock in any order"),
  );
});

test("releasing every order at the end brings every unit back", () => {
  fc.assert(
    fc.property(stockOf, fc.array(anAction, { maxLength: 40 }), (stock, actions) => {
      const ledger = new Ledger(stock);
      for (const action of actions) play(ledger, action);
      for (const orderId of ["o1", "o2", "o3", "o4"] as const) play(ledger, { kind: "release", orderId });
      expect(products.map((productId) => availableOf(ledger.figures(productId)))).toEqual([stock.a, stock.b]);
    }),
    thoroughly("stock given back"),
  );
});
