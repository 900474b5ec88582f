import { beforeAll, describe, expect, test } from "bun:test";
import { type Answer, api, type Customer, call, newCustomer, plentiful } from "../support/shop";

let customer: Customer;
let productId: string;
beforeAll(async () => {
  customer = await newCustomer();
  productId = (await plentiful()).id;
});

/** Every refusal: the right status, problem+json, a code, a trace id, and nothing of our insides. */
function expectProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toStartWith("application/problem+json");
  expect(answer.body).toMatchObject({
    status,
    type: expect.any(String),
    title: expect.any(String),
    code: expect.any(String),
  });
  expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.ts|node_modules|stack|127\.0\.0\.1|postgres|mongo/i);
}

const raw = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(`${api}${path}`, { method, ...init });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith("{") ? JSON.parse(text) : { text },
  };
};

describe("an order that cannot be", () => {
  const card = { provider: "stripe", token: "pm_card_visa" };
  const item = (over: object) => ({ items: [{ productId, quantity: 1, ...over }], paymentMethod: card });
  test.each([
    ["an empty body", () => ({})],
    ["a list for a body", () => []],
    ["a text for a body", () => "order"],
    ["null for a body", () => null],
    ["no items", () => ({ items: [], paymentMethod: card })],
    ["items that are a text", () => ({ items: "two lamps", paymentMethod: card })],
    [
      "51 items",
      () => ({ items: Array.from({ length: 51 }, () => ({ productId, quantity: 1 })), paymentMethod: card }),
    ],
    ["an unknown product", () => item({ productId: "01920000-0000-7000-8000-00000000dead" })],
    ["a product id that is none", () => item({ productId: "lamp" })],
    ["a product id that is an object", () => item({ productId: { $gt: "" } })],
    ["quantity 0", () => item({ quantity: 0 })],
    ["quantity -1", () => item({ quantity: -1 })],
    ["quantity 10^9", () => item({ quantity: 1e9 })],
    ["quantity 1.5", () => item({ quantity: 1.5 })],
    ['quantity "2"', () => item({ quantity: "2" })],
    ["quantity true", () => item({ quantity: true })],
    ["quantity null", () => item({ quantity: null })],
    ["null for a payment method", () => ({ items: [{ productId, quantity: 1 }], paymentMethod: null })],
    [
      "a payment token that is an object",
      () => ({ ...item({}), paymentMethod: { provider: "stripe", token: { a: 1 } } }),
    ],
    [
      "a card number for a token",
      () => ({ ...item({}), paymentMethod: { provider: "stripe", token: "4242424242424242" } }),
    ],
    [
      "a card number in a name",
      () => ({
        ...item({}),
        shippingAddress: { name: "5555 5555 5555 4444", line1: "x", city: "y", postalCode: "z", country: "DK" },
      }),
    ],
  ])("with %s: 422", async (_what, body) => {
    expectProblem(await call("POST", "/orders", { token: customer.token, body: body() }), 422);
  });

  test("in JSON that is none: 400", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "application/json" };
    expectProblem(await raw("POST", "/orders", { headers, body: '{"items": [' }), 400);
  });
  test("in another content type: 415", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "text/plain" };
    expectProblem(await raw("POST", "/orders", { headers, body: "two lamps" }), 415);
  });
  test("without any body: 422", async () => {
    expectProblem(await call("POST", "/orders", { token: customer.token }), 422);
  });
  test("of two megabytes: 413", async () => {
    const headers = { authorization: `Bearer ${customer.token}`, "content-type": "application/json" };
    expectProblem(
      await raw("POST", "/orders", { headers, body: JSON.stringify({ note: "x".repeat(2_000_000) }) }),
      413,
    );
  });
  test("with an Idempotency-Key of 256 characters: 422", async () => {
    const headers = { "idempotency-key": "k".repeat(256) };
    expectProblem(await call("POST", "/orders", { token: customer.token, body: item({}), headers }), 422);
  });
});

describe("who may not", () => {
  const headersOf = (authorization: string) => ({ headers: { authorization } });
  test.each([
    ["no token", {}],
    ["a token that is none", headersOf("Bearer nonsense")],
    ["another scheme", headersOf("Basic YWRhOnB3")],
    ["an empty token", headersOf("Bearer ")],
  ])("%s: 401", async (_what, options) => {
    expectProblem(await call("GET", "/users/profile", options), 401);
    expectProblem(await call("POST", "/orders", { ...options, body: {} }), 401);
  });
  test("a customer who would change the stock: 403", async () => {
    const body = { quantity: 5, reason: "received" };
    expectProblem(await call("POST", `/products/${productId}/stock`, { token: customer.token, body }), 403);
  });
});

describe("what is not there", () => {
  test.each(["/nothing", "/orders/x/y/z", "/internal/users/1", "/health", "/ready", "/metrics", "/openapi.json"])(
    "GET %s: 404",
    async (path) => {
      expectProblem(await call("GET", path, { token: customer.token }), 404);
    },
  );
  test("an order nobody placed, a product nobody sells: 404", async () => {
    expectProblem(await call("GET", `/orders/${Bun.randomUUIDv7()}`, { token: customer.token }), 404);
    expectProblem(await call("GET", `/products/${Bun.randomUUIDv7()}`), 404);
  });
  test("an id that is none: 422", async () => {
    expectProblem(await call("GET", "/orders/nonsense", { token: customer.token }), 422);
    expectProblem(await call("GET", "/products/nonsense"), 422);
  });
  test.each([
    ["DELETE", "/products"],
    ["PATCH", "/orders"],
    ["GET", "/auth/login"],
  ])("%s %s: 405", async (method, path) => {
    const answer = await call(method, path, { token: customer.token });
    expectProblem(answer, 405);
    expect(answer.headers.get("allow")).toBeString();
  });
});

describe("an account that cannot be", () => {
  const good = { email: "x@example.test", password: "a-good-password", name: "X" };
  test.each([
    ["no body", {}],
    ["no e-mail", { ...good, email: "" }],
    ["an e-mail that is none", { ...good, email: "x" }],
    ["a short password", { ...good, password: "short" }],
    ["an endless password", { ...good, password: "x".repeat(5000) }],
    ["a name that is an object", { ...good, name: {} }],
  ])("%s: 422", async (_what, body) => {
    expectProblem(await call("POST", "/auth/register", { body }), 422);
  });
  test("an e-mail that is taken, in other letters: 409", async () => {
    expectProblem(
      await call("POST", "/auth/register", { body: { ...good, email: customer.email.toUpperCase() } }),
      409,
    );
  });
  test("a wrong password: 401", async () => {
    expectProblem(
      await call("POST", "/auth/login", { body: { email: customer.email, password: "wrong-password" } }),
      401,
    );
  });
});
