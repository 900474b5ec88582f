import { describe, expect, test } from "bun:test";
import { mergeItems } from "@shop/contracts/items";
import type { AppError } from "@shop/kit/errors/app-error";
import { propertyOptions } from "@shop/kit/testing/property";
import fc from "fast-check";
import { krone, lamp, rug } from "../testing/order-service";
import { openOrder } from "./new-order";
import { moveTo, type Order, type OrderStatus, orderStatuses, transitions } from "./order";

const request = {
  userId: "01920000-0000-7000-8000-00000000000a",
  items: [{ productId: lamp.id, quantity: 2 }],
  paymentMethod: { provider: "stripe", sealedToken: "x" },
};
const open = (items: { productId: string; quantity: number }[], products = [lamp, rug, krone]) =>
  openOrder({ ...request, items }, products, "01920000-0000-7000-8000-0000000000ff", new Date(0));
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "nothing thrown";
  } catch (error) {
    return (error as AppError).code;
  }
};
const anOrder = (status: OrderStatus): Order => ({ ...open(request.items), status });

describe("a new order", () => {
  test("has current names and prices, and their sum as total", () => {
    const order = open([
      { productId: lamp.id, quantity: 2 },
      { productId: rug.id, quantity: 1 },
    ]);
    expect(order).toMatchObject({ status: "pending", total: { amount: 2 * 1999 + 4500, currency: "USD" } });
    expect(order.items.map((item) => item.name)).toEqual(["Lamp", "Rug"]);
  });
  test("merges lines of the same product", () => {
    expect(mergeItems([...request.items, ...request.items])).toEqual([{ productId: lamp.id, quantity: 4 }]);
  });
  test("is refused for an unknown product", () => {
    expect(codeOf(() => open(request.items, []))).toBe("order.product_unknown");
  });
  test("is refused when stock is insufficient", () => {
    expect(codeOf(() => open([{ productId: lamp.id, quantity: 6 }]))).toBe("order.out_of_stock");
  });
  test("is refused for more than 1000 units of a product, even when split over several lines", () => {
    const lines = [600, 600].map((quantity) => ({ productId: lamp.id, quantity }));
    expect(codeOf(() => open(lines, [{ ...lamp, available: 5_000 }]))).toBe("order.quantity_too_large");
  });
  test("is refused for products in two currencies", () => {
    const items = [lamp, krone].map(({ id }) => ({ productId: id, quantity: 1 }));
    expect(codeOf(() => open(items))).toBe("order.mixed_currencies");
  });
  test("is refused when the total is zero", () => {
    expect(codeOf(() => open(request.items, [{ ...lamp, price: { amount: 0, currency: "USD" } }]))).toBe(
      "order.total_zero",
    );
  });
  test("is refused when the total exceeds what payment providers accept", () => {
    const expensive = { ...lamp, price: { amount: 99_999_999, currency: "USD" } };
    expect(codeOf(() => open(request.items, [expensive]))).toBe("order.total_too_large");
  });
});

describe("a status change", () => {
  test("is allowed exactly where the table has it; the same status is a no-op, every other change an error", () => {
    fc.assert(
      fc.property(fc.constantFrom(...orderStatuses), fc.constantFrom(...orderStatuses), (from, to) => {
        const order = anOrder(from);
        if (from === to) expect(moveTo(order, to)).toBe(order);
        else if ((transitions[from] as readonly string[]).includes(to)) expect(moveTo(order, to).status).toBe(to);
        else expect(codeOf(() => moveTo(order, to))).toBe("order.illegal_transition");
      }),
      propertyOptions("status changes of an order"),
    );
  });
  test("to confirmed or shipped is refused once cancellation was requested", () => {
    const cancelRequested = (status: OrderStatus) => ({ ...anOrder(status), cancelRequested: new Date(0) });
    expect(codeOf(() => moveTo(cancelRequested("pending"), "confirmed"))).toBe("order.being_cancelled");
    expect(codeOf(() => moveTo(cancelRequested("confirmed"), "shipped"))).toBe("order.being_cancelled");
    expect(moveTo(cancelRequested("confirmed"), "cancelling").status).toBe("cancelling");
  });
  test("never leaves cancelled, and never reaches shipped without confirmed", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...orderStatuses)), (sequence) => {
        let order = anOrder("pending");
        const visited: OrderStatus[] = ["pending"];
        for (const status of sequence) {
          if (codeOf(() => moveTo(order, status)) !== "nothing thrown") continue;
          order = moveTo(order, status);
          visited.push(order.status);
        }
        if (visited.includes("cancelled")) expect(order.status).toBe("cancelled");
        if (visited.includes("shipped")) expect(visited).toContain("confirmed");
      }),
      propertyOptions("sequences of status changes"),
    );
  });
});
