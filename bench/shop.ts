type Product = { id: string; available: number };

async function call<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, { ...init, headers: { "content-type": "application/json", ...init.headers } });
  if (!response.ok)
    throw new Error(`${init.method ?? "GET"} ${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** A customer and products to buy, made through the edge. */
export async function prepareShop(edgeUrl: string) {
  const api = `${edgeUrl}/api/v1`;
  const body = { email: `bench-${Date.now()}@example.test`, password: "a-good-password", name: "Bench" };
  const { token } = await call<{ token: string }>(`${api}/auth/register`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const { items } = await call<{ items: Product[] }>(`${api}/products?limit=100`);
  const productIds = items.filter((product) => product.available > 2_000).map((product) => product.id);
  return { api, token, productIds };
}

export type BenchShop = Awaited<ReturnType<typeof prepareShop>>;

export const orderBody = (productId: string, card = "pm_card_visa") =>
  JSON.stringify({ items: [{ productId, quantity: 1 }], paymentMethod: { provider: "stripe", token: card } });
