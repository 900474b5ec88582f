import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { errorResponses, Item, Money, Problem, Uuid } from "./common";
import { InternalProducts, InternalUser, Payable } from "./internal-api";

const id = "01920000-0000-7000-8000-000000000001";
const usd = { amount: 1999, currency: "USD" };

describe("money is a whole number of minor units with a currency code", () => {
  test.each([
    [usd, true],
    [{ amount: 0, currency: "JPY" }, true],
    [{ amount: 19.99, currency: "USD" }, false],
    [{ amount: "1999", currency: "USD" }, false],
    [{ amount: -1, currency: "USD" }, false],
    [{ amount: 2 ** 53, currency: "USD" }, false],
    [{ amount: 1, currency: "usd" }, false],
    [{ amount: 1, currency: "EURO" }, false],
    [{ amount: 1 }, false],
  ])("%j: %p", (money, valid) => expect(Value.Check(Money, money)).toBe(valid));
});

test.each([0, -1, 1001, 1.5, "2"])("an item with quantity %p is invalid", (quantity) => {
  expect(Value.Check(Item, { productId: id, quantity })).toBe(false);
});

test("an id must be a UUID", () => {
  expect(Value.Check(Uuid, id)).toBe(true);
  for (const other of ["1", "", `${id}0`, "../etc"]) expect(Value.Check(Uuid, other)).toBe(false);
});

test("all error responses of a route are problem details, and 503 is always one of them", () => {
  expect(errorResponses(404, 409)).toEqual({ 404: Problem, 409: Problem, 503: Problem });
});

test("the internal API accepts its documented responses", () => {
  expect(Value.Check(InternalUser, { id, email: "ada@shop.test", name: "Ada" })).toBe(true);
  expect(Value.Check(InternalProducts, { items: [{ id, name: "Lamp", price: usd, available: 3 }] })).toBe(true);
  expect(Value.Check(Payable, { orderId: id, userId: id, amount: usd, payable: true })).toBe(true);
  expect(Value.Check(Payable, { orderId: id, userId: id, amount: 1999, payable: true })).toBe(false);
});
