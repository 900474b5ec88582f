import { expectStatus } from "../../deploy/local/clients/json-request";
import { stripeCard, testCards } from "../../deploy/local/clients/sandbox-api";
import type { Money, Order, OrderItem, Product } from "../../deploy/local/clients/shop-api";
import { eventually } from "./eventually";
import { api } from "./stack";

export type Customer = { id: string; email: string; token: string; refreshToken: string };
/** The sender of a request, known by an access token. */
type Caller = { token: string };

export const customerPassword = "a-good-password";

/** Registers a customer. */
export async function newCustomer(): Promise<Customer> {
  const email = `${crypto.randomUUID()}@example.test`;
  const response = await api.register({ email, password: customerPassword, name: "Ada Example" });
  const { user, token, refreshToken } = expectStatus(response, 201);
  return { id: user.id, email, token, refreshToken };
}

/** Logs in as the seeded administrator. */
export async function loginAsAdmin(): Promise<Caller> {
  return expectStatus(await api.login({ email: "admin@shop.test", password: "admin-dev-password" }), 200);
}

/** The seeded products with more than 1,000 units available. */
export async function productsInStock(): Promise<Product[]> {
  const { items } = expectStatus(await api.listProducts(), 200);
  return items.filter(({ available }) => available > 1_000);
}

/** A product with more than 1,000 units available. */
export async function productInStock(): Promise<Product> {
  const [product] = await productsInStock();
  if (!product) throw new Error("no product is in stock");
  return product;
}

export const readProduct = async (id: string): Promise<Product> => expectStatus(await api.getProduct(id), 200);

/** Sends `POST /orders` with a card, which is approved unless another one is given. */
export const placeOrder = (
  { token }: Caller,
  items: OrderItem[],
  options: { card?: string; idempotencyKey?: string } = {},
) =>
  api.placeOrder(
    token,
    { items, paymentMethod: stripeCard(options.card ?? testCards.approved) },
    options.idempotencyKey,
  );

/** Places an order without a payment method and waits until it can be paid. */
export async function placeUnpaidOrder(customer: Caller, items: OrderItem[]): Promise<Order> {
  const { id } = expectStatus(await api.placeOrder(customer.token, { items }), 201);
  return awaitStatus(customer, id, ["awaiting_payment"]);
}

/** Sends `POST /payments/process` with a card, which is approved unless another one is given. */
export const payOrder = (
  { token }: Caller,
  orderId: string,
  options: { card?: string; amount?: Money; idempotencyKey?: string } = {},
) => {
  const { card = testCards.approved, amount, idempotencyKey } = options;
  return api.payOrder(token, { orderId, amount, paymentMethod: stripeCard(card) }, idempotencyKey);
};

/** @returns the order; the problem details if the request was refused */
export const readOrder = async ({ token }: Caller, id: string): Promise<Order> => (await api.getOrder(token, id)).body;

/** Waits until the order has one of these statuses. */
export const awaitStatus = (customer: Caller, id: string, statuses: string[], timeoutMs = 30_000): Promise<Order> =>
  eventually(async () => {
    const order = await readOrder(customer, id);
    return statuses.includes(order.status) && order;
  }, timeoutMs) as Promise<Order>;

/** Waits until the order is confirmed or cancelled. */
export const awaitSettled = (customer: Caller, id: string): Promise<Order> =>
  awaitStatus(customer, id, ["confirmed", "cancelled"]);

/** A new customer with a new order. */
export async function anOrder(quantity = 1) {
  const customer = await newCustomer();
  const product = await productInStock();
  const order = expectStatus(await placeOrder(customer, [{ productId: product.id, quantity }]), 201);
  return { customer, order, product };
}

/** A new customer with a confirmed order. */
export async function aConfirmedOrder(quantity = 1) {
  const placed = await anOrder(quantity);
  await awaitStatus(placed.customer, placed.order.id, ["confirmed"]);
  return placed;
}
