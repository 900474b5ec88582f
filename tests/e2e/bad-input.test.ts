import { beforeAll, describe, expect, test } from "bun:test";
import type { ApiResponse } from "../../deploy/local/clients/shop-api";
import { type Customer, customerPassword, newCustomer, productInStock } from "../support/shop";
import { api } from "../support/stack";

let customer: Customer;
let productId: string;
beforeAll(async () => {
  customer = await newCustomer();
  productId = (await productInStock()).id;
});

/** Expects a problem (RFC 9457) with this status, a code and a trace id, and without any internals. */
function expectProblem(response: ApiResponse, status: number): void {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toStartWith("application/problem+json");
  expect(response.body).toMatchObject({
    status,
    type: expect.any(String),
    title: expect.any(String),
    code: expect.any(String),
  });
  expect(response.body.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(response.body)).not.toMatch(/\bat .*\.ts|node_modules|stack|127\.0\.0\.1|postgres|mongo/i);
}

/** Sends a body without encoding it as JSON. */
const requestRaw = async (method: string, path: string, init: RequestInit = {}): Promise<ApiResponse> => {
  const response = await fetch(`${api.baseUrl}${path}`, { method, ...init });
  const text = await response.text();
  return {
    request: `${method} ${path}`,
    status: response.status,
    headers: response.headers,
    body: text.startsWith("{") ? JSON.parse(text) : { text },
  };
};

describe("POST /orders refuses", () => {
  const card = { provider: "stripe", token: "pm_card_visa" };
  const withItem = (fields: object) => ({ items: [{ productId, quantity: 1, ...fields }], paymentMethod: card });
  test.each([
    ["an empty body", () => ({})],
    ["an array as the body", () => []],
    ["a string as the body", () => "order"],
    ["null as the body", () => null],
    ["no items", () => ({ items: [], paymentMethod: card })],
    ["a string as the items", () => ({ items: "two lamps", paymentMethod: card })],
    [
      "51 items",
      () => ({ items: Array.from({ length: 51 }, () => ({ productId, quantity: 1 })), paymentMethod: card }),
    ],
    ["an unknown product", () => withItem({ productId: "01920000-0000-7000-8000-00000000dead" })],
    ["an invalid product id", () => withItem({ productId: "lamp" })],
    ["an object as the product id", () => withItem({ productId: { $gt: "" } })],
    ["quantity 0", () => withItem({ quantity: 0 })],
    ["quantity -1", () => withItem({ quantity: -1 })],
    ["quantity 10^9", () => withItem({ quantity: 1e9 })],
    ["quantity 1.5", () => withItem({ quantity: 1.5 })],
    ['quantity "2"', () => withItem({ quantity: "2" })],
    ["quantity true", () => withItem({ quantity: true })],
    ["quantity null", () => withItem({ quantity: null })],
    ["null as the payment method", () => ({ items: [{ productId, quantity: 1 }], paymentMethod: null })],
    [
      "an object as the payment token",
      () => ({ ...withItem({}), paymentMethod: { provider: "stripe", token: { a: 1 } } }),
    ],
    [
      "a card number as the payment token",
      () => ({ ...withItem({}), paymentMethod: { provider: "stripe", token: "4242424242424242" } }),
    ],
    [
      "a card number in a name",
      () => ({
        ...withItem({}),
        shippingAddress: { name: "5555 5555 5555 4444", line1: "x", city: "y", postalCode: "z", country: "DK" },
      }),
    ],
  ])("%s with 422", async (_case, body) => {
    expectProblem(await api.request("POST", "/orders", { token: customer.token, body: body() }), 422);
  });

  test("invalid JSON with 400", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "application/json" };
    expectProblem(await requestRaw("POST", "/orders", { headers, body: '{"items": [' }), 400);
  });
  test("another content type with 415", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "text/plain" };
    expectProblem(await requestRaw("POST", "/orders", { headers, body: "two lamps" }), 415);
  });
  test("a request without a body with 422", async () => {
    expectProblem(await api.request("POST", "/orders", { token: customer.token }), 422);
  });
  test("a body of two megabytes with 413", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "application/json" };
    expectProblem(
      await requestRaw("POST", "/orders", { headers, body: JSON.stringify({ note: "x".repeat(2_000_000) }) }),
      413,
    );
  });
  test("an Idempotency-Key of 256 characters with 422", async () => {
    const idempotencyKey = "k".repeat(256);
    expectProblem(
      await api.request("POST", "/orders", { token: customer.token, body: withItem({}), idempotencyKey }),
      422,
    );
  });
});

describe("a request without permission", () => {
  const withAuthorization = (authorization: string) => ({ headers: { authorization } });
  test.each([
    ["without a token", {}],
    ["with an invalid token", withAuthorization("Bearer nonsense")],
    ["with another scheme", withAuthorization("Basic YWRhOnB3")],
    ["with an empty token", withAuthorization("Bearer ")],
  ])("%s answers 401", async (_case, options) => {
    expectProblem(await api.request("GET", "/users/profile", options), 401);
    expectProblem(await api.request("POST", "/orders", { ...options, body: {} }), 401);
  });
  test("by a customer who changes the stock answers 403", async () => {
    const body = { quantity: 5, reason: "received" };
    expectProblem(await api.request("POST", `/products/${productId}/stock`, { token: customer.token, body }), 403);
  });
});

describe("an unknown resource", () => {
  test.each(["/nothing", "/orders/x/y/z", "/internal/users/1", "/health", "/ready", "/metrics", "/openapi.json"])(
    "GET %s answers 404",
    async (path) => {
      expectProblem(await api.request("GET", path, { token: customer.token }), 404);
    },
  );
  test("an unknown order or product answers 404", async () => {
    expectProblem(await api.request("GET", `/orders/${Bun.randomUUIDv7()}`, { token: customer.token }), 404);
    expectProblem(await api.request("GET", `/products/${Bun.randomUUIDv7()}`), 404);
  });
  test("an invalid id answers 422", async () => {
    expectProblem(await api.request("GET", "/orders/nonsense", { token: customer.token }), 422);
    expectProblem(await api.request("GET", "/products/nonsense"), 422);
  });
  test.each([
    ["DELETE", "/products"],
    ["PATCH", "/orders"],
    ["GET", "/auth/login"],
  ])("%s %s answers 405", async (method, path) => {
    const response = await api.request(method, path, { token: customer.token });
    expectProblem(response, 405);
    expect(response.headers.get("allow")).toBeString();
  });
});

describe("an account request", () => {
  const valid = { email: "x@example.test", password: customerPassword, name: "X" };
  test.each([
    ["with an empty body", {}],
    ["with an empty e-mail address", { ...valid, email: "" }],
    ["with an invalid e-mail address", { ...valid, email: "x" }],
    ["with a short password", { ...valid, password: "short" }],
    ["with a password of 5,000 characters", { ...valid, password: "x".repeat(5000) }],
    ["with an object as the name", { ...valid, name: {} }],
  ])("that registers %s answers 422", async (_case, body) => {
    expectProblem(await api.request("POST", "/auth/register", { body }), 422);
  });
  test("that registers a taken e-mail address in upper case answers 409", async () => {
    expectProblem(
      await api.request("POST", "/auth/register", { body: { ...valid, email: customer.email.toUpperCase() } }),
      409,
    );
  });
  test("that logs in with a wrong password answers 401", async () => {
    expectProblem(
      await api.request("POST", "/auth/login", { body: { email: customer.email, password: "wrong-password" } }),
      401,
    );
  });
});
