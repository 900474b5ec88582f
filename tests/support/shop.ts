import { eventually } from "./eventually";
import { stack } from "./stack";

export type Answer<T = Record<string, unknown>> = { status: number; headers: Headers; body: T };
export type Money = { amount: number; currency: string };
export type OrderView = {
  id: string;
  status: string;
  total: Money;
  holdExpiresAt?: string;
  payment?: { id: string; status: string };
  cancelReason?: string;
  history: { seq: number; type: string; at: string; step?: string; outcome?: string; code?: string; status?: string }[];
};
export type Product = { id: string; name: string; price: Money; available: number };

export const api = `${stack.edgeUrl}/api/v1`;

/** One request through the edge. */
export async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<T>> {
  const response = await fetch(path.startsWith("http") ? path : `${api}${path}`, {
    method,
    headers: {
      ...(options.body !== undefined && { "content-type": "application/json" }),
      ...(options.token && { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, body: (isJson && text ? JSON.parse(text) : text) as T };
}

export type Customer = { id: string; email: string; token: string; refreshToken: string };

/** Somebody who has just registered. */
export async function newCustomer(): Promise<Customer> {
  const email = `${crypto.randomUUID()}@example.test`;
  const answer = await call<{ user: { id: string }; token: string; refreshToken: string }>("POST", "/auth/register", {
    body: { email, password: "a-good-password", name: "Ada Example" },
  });
  if (answer.status !== 201) throw new Error(`register answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return { id: answer.body.user.id, email, token: answer.body.token, refreshToken: answer.body.refreshToken };
}

/** The seeded administrator, signed in. */
export async function theAdmin(): Promise<{ token: string }> {
  const body = { email: "admin@shop.test", password: "admin-dev-password" };
  return (await call<{ token: string }>("POST", "/auth/login", { body })).body;
}

export async function products(): Promise<Product[]> {
  return (await call<{ items: Product[] }>("GET", "/products?limit=100")).body.items;
}

export const product = async (id: string) => (await call<Product>("GET", `/products/${id}`)).body;

/** A product with plenty of stock. */
export async function plentiful(): Promise<Product> {
  const found = (await products()).find((candidate) => candidate.available > 1000);
  if (!found) throw new Error("nothing is in stock");
  return found;
}

export const cards = { good: "pm_card_visa", declined: "pm_card_chargeDeclined" };

export const placeOrder = (
  customer: { token: string },
  items: { productId: string; quantity: number }[],
  token: string = cards.good,
  headers: Record<string, string> = {},
) =>
  call<OrderView & { code?: string }>("POST", "/orders", {
    token: customer.token,
    body: { items, paymentMethod: { provider: "stripe", token } },
    headers,
  });

export type PaymentView = { id: string; orderId: string; status: string; amount: Money; failureCode?: string };

/** An order that is paid for later, once it waits for that. */
export async function placeUnpaid(
  customer: { token: string },
  items: { productId: string; quantity: number }[],
): Promise<OrderView> {
  const { token } = customer;
  const placed = await call<OrderView>("POST", "/orders", { token, body: { items } });
  if (placed.status !== 201) throw new Error(`POST /orders answered ${placed.status} ${JSON.stringify(placed.body)}`);
  return eventually(async () => {
    const order = await readOrder(customer, placed.body.id);
    return order.status === "awaiting_payment" && order;
  }, 30_000) as Promise<OrderView>;
}

export const pay = (
  customer: { token: string },
  orderId: string,
  options: { card?: string; amount?: Money; headers?: Record<string, string> } = {},
) =>
  call<PaymentView & { code?: string }>("POST", "/payments/process", {
    token: customer.token,
    body: {
      orderId,
      ...(options.amount && { amount: options.amount }),
      paymentMethod: { provider: "stripe", token: options.card ?? cards.good },
    },
    headers: options.headers,
  });

export const readOrder = async (customer: { token: string }, id: string) =>
  (await call<OrderView>("GET", `/orders/${id}`, { token: customer.token })).body;

/** The order once its saga is at an end. */
export const settled = (customer: { token: string }, id: string, withinMs = 30_000) =>
  eventually(async () => {
    const order = await readOrder(customer, id);
    return ["confirmed", "cancelled"].includes(order.status) && order;
  }, withinMs) as Promise<OrderView>;
