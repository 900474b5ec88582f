export type Money = { amount: number; currency: string };
export type Product = { id: string; name: string; price: Money; available: number };
export type HistoryLine = { seq: number; type: string; at: string; step?: string; outcome?: string; code?: string };
export type Order = {
  id: string;
  status: string;
  total: Money;
  items: { name: string; quantity: number }[];
  payment?: { id: string; status: string };
  cancelReason?: string;
  history: HistoryLine[];
};

/** The shop as any client sees it: through the edge alone. */
export function shopAt(edgeUrl: string) {
  async function call<T>(method: string, path: string, options: { token?: string; body?: unknown } = {}): Promise<T> {
    const response = await fetch(`${edgeUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(options.body !== undefined && { "content-type": "application/json" }),
        ...(options.token && { authorization: `Bearer ${options.token}` }),
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const answer = (await response.json()) as T & { title?: string; code?: string };
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${answer.code}: ${answer.title}`);
    return answer;
  }

  return {
    register: (email: string) =>
      call<{ user: { id: string }; token: string }>("POST", "/auth/register", {
        body: { email, password: "a-good-password", name: "Demo Customer" },
      }),
    login: (email: string) =>
      call<{ token: string }>("POST", "/auth/login", { body: { email, password: "a-good-password" } }),
    products: async () => (await call<{ items: Product[] }>("GET", "/products?limit=100")).items,
    product: (id: string) => call<Product>("GET", `/products/${id}`),
    placeOrder: (token: string, productId: string, quantity: number, card: string) =>
      call<Order>("POST", "/orders", {
        token,
        body: { items: [{ productId, quantity }], paymentMethod: { provider: "stripe", token: card } },
      }),
    placeUnpaid: (token: string, productId: string, quantity: number) =>
      call<Order>("POST", "/orders", { token, body: { items: [{ productId, quantity }] } }),
    pay: (token: string, orderId: string, amount: Money, card: string) =>
      call<{ id: string; status: string }>("POST", "/payments/process", {
        token,
        body: { orderId, amount, paymentMethod: { provider: "stripe", token: card } },
      }),
    order: (token: string, id: string) => call<Order>("GET", `/orders/${id}`, { token }),
    payment: (token: string, id: string) => call<{ status: string }>("GET", `/payments/${id}`, { token }),
  };
}
