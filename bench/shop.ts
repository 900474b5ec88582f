import { expectStatus } from "../deploy/local/clients/json-request";
import { stripeCard, testCards } from "../deploy/local/clients/sandbox-api";
import { shopApi } from "../deploy/local/clients/shop-api";

/** Registers a customer, and selects products with enough stock for all runs. */
export async function prepareShop(edgeUrl: string) {
  const api = shopApi(edgeUrl);
  const account = { email: `bench-${Date.now()}@example.test`, password: "a-good-password", name: "Bench" };
  const { token } = expectStatus(await api.register(account), 201);
  const { items } = expectStatus(await api.listProducts(), 200);
  const productIds = items.filter(({ available }) => available > 2_000).map(({ id }) => id);
  return { api: api.baseUrl, account, token, productIds };
}

export type BenchShop = Awaited<ReturnType<typeof prepareShop>>;

/** The body of `POST /orders`, as text. */
export const orderBody = (productId: string) =>
  JSON.stringify({ items: [{ productId, quantity: 1 }], paymentMethod: stripeCard(testCards.approved) });
