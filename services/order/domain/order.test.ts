import { describe, expect, test } from "bun:test";
import { mergeItems } from "@shop/contracts/items";
import type { AppError } from "@shop/kit/errors/app-error";
import { thoroughly } from "@shop/kit/testing/property";
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
  test("has today's names and prices and their sum", () => {
    const order = open([
      { productId: lamp.id, quantity: 2 },
      { productId: rug.id, quantity: 1 },
    ]);
    expect(order).toMatchObject({ status: "pending", total: { amount: 2 * 1999 + 4500, currency: "USD" } });
    expect(order.items.map((item) => item.name)).toEqual(["Lamp", "Rug"]);
  });
  test("joins lines of one product", () => {
    expect(mergeItems([...request.items, ...request.items])).toEqual([{ productId: lamp.id, quantity: 4 }]);
  });
  test("is refused for a product that does not exist", () => {
    expect(codeOf(() => open(request.items, []))).toBe("order.product_unknown");
  });
  test("is refused when there is not enough", () => {
    expect(codeOf(() => open([{ productId: lamp.id, quantity: 6 }]))).toBe("order.out_of_stock");
  });
  test("is refused for more than a thousand of a product, also in several lines", () => {
    const lines = [600, 600].map((quantity) => ({ productId: lamp.id, quantity }));
    expect(codeOf(() => open(lines, [{ ...lamp, available: 5_000 }]))).toBe("order.quantity_too_large");
  });
  test("is refused in two currencies", () => {
    const items = [lamp, krone].map(({ id }) => ({ productId: id, quantity: 1 }));
    expect(codeOf(() => open(items))).toBe("order.mixed_currencies");
  });
  test("is refused when there is nothing to pay", () => {
    expect(codeOf(() => open(request.items, [{ ...lamp, price: { amount: 0, currency: "USD" } }]))).toBe(
      "order.total_zero",
    );
  });
  test("is refused when no provider would take the total", () => {
    const dear = { ...lamp, price: { amount: 99_999_999, currency: "USD" } };
    expect(codeOf(() => open(request.items, [dear]))).toBe("order.total_too_large");
  });
});

describe("transitions", () => {
  test("exactly the table's moves are legal; staying is a no-op, all others are errors", () => {
    fc.assert(
      fc.property(fc.constantFrom(...orderStatuses), fc.constantFrom(...orderStatuses), (from, to) => {
        const order = anOrder(from);
        if (from === to) expect(moveTo(order, to)).toBe(order);
        else if ((transitions[from] as readonly string[]).includes(to)) expect(moveTo(order, to).status).toBe(to);
        else expect(codeOf(() => moveTo(order, to))).toBe("order.illegal_transition");
      }),
      thoroughly("an order's moves"),
    );
  });
  test("an order that its owner wants cancelled is neither confirmed nor shipped", () => {
    const wished = (status: OrderStatus) => ({ ...anOrder(status), cancelRequested: new Date(0) });
    expect(codeOf(() => moveTo(wished("pending"), "confirmed"))).toBe("order.being_cancelled");
    expect(codeOf(() => moveTo(wished("confirmed"), "shipped"))).toBe("order.being_cancelled");
    expect(moveTo(wished("confirmed"), "cancelling").status).toBe("cancelling");
  });
  test("no walk leaves an end, and money is never unconfirmed by a shipment", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...orderStatuses)), (walk) => {
        let order = anOrder("pending");
        const been: OrderStatus[] = ["pending"];
        for (const status of walk) {
          if (codeOf(() => moveTo(order, status)) !== "nothing thrown") continue;
          order = moveTo(order, status);
          been.push(order.status);
        }
        if (been.includes("cancelled")) expect(order.status).toBe("cancelled");
        if (been.includes("shipped")) expect(been).toContain("confirmed");
      }),
      thoroughly("an order's walks"),
    );
  });
});
