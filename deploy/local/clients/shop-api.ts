import { type JsonResponse, requestJson } from "./json-request";

export type Money = { amount: number; currency: string };
export type Product = { id: string; name: string; price: Money; available: number };
export type OrderItem = { productId: string; quantity: number };
export type PaymentMethod = { provider: string; token: string };
/** Without a payment method the order waits for `payOrder`. */
export type NewOrder = { items: OrderItem[]; paymentMethod?: PaymentMethod };
export type HistoryEntry = {
  seq: number;
  type: string;
  at: string;
  step?: string;
  outcome?: string;
  code?: string;
  status?: string;
};
export type Order = {
  id: string;
  status: string;
  items: { name: string; quantity: number }[];
  total: Money;
  holdExpiresAt?: string;
  payment?: { id: string; status: string };
  cancelReason?: string;
  history: HistoryEntry[];
};
export type NewPayment = { orderId: string; paymentMethod: PaymentMethod; amount?: Money };
export type Payment = { id: string; orderId: string; status: string; amount: Money; failureCode?: string };
export type Session = { user: { id: string }; token: string; refreshToken: string };

/** A response whose body may also be a problem (RFC 9457). */
export type ApiResponse<T = Record<string, unknown>> = JsonResponse<T & { code?: string }>;
export type ApiRequestOptions = {
  /** An access token. */
  token?: string;
  idempotencyKey?: string;
  body?: unknown;
  headers?: Record<string, string>;
};

/** The public HTTP API, called through the edge as any client calls it. */
export function shopApi(edgeUrl: string) {
  const baseUrl = `${edgeUrl}/api/v1`;

  function request<T = Record<string, unknown>>(
    method: string,
    path: string,
    { token, idempotencyKey, body, headers }: ApiRequestOptions = {},
  ): Promise<ApiResponse<T>> {
    return requestJson(method, `${baseUrl}${path}`, {
      name: path,
      body,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
        ...headers,
      },
    });
  }

  return {
    baseUrl,
    request,
    register: (account: { email: string; password: string; name: string }) =>
      request<Session>("POST", "/auth/register", { body: account }),
    login: (credentials: { email: string; password: string }) =>
      request<Session>("POST", "/auth/login", { body: credentials }),
    listProducts: () => request<{ items: Product[] }>("GET", "/products?limit=100"),
    getProduct: (id: string) => request<Product>("GET", `/products/${id}`),
    placeOrder: (token: string, order: NewOrder, idempotencyKey?: string) =>
      request<Order>("POST", "/orders", { token, body: order, idempotencyKey }),
    getOrder: (token: string, id: string) => request<Order>("GET", `/orders/${id}`, { token }),
    cancelOrder: (token: string, id: string) => request<Order>("DELETE", `/orders/${id}`, { token }),
    payOrder: (token: string, payment: NewPayment, idempotencyKey?: string) =>
      request<Payment>("POST", "/payments/process", { token, body: payment, idempotencyKey }),
    getPayment: (token: string, id: string) => request<Payment>("GET", `/payments/${id}`, { token }),
    listPayments: (token: string, orderId: string) =>
      request<{ items: Payment[] }>("GET", `/payments/order/${orderId}`, { token }),
  };
}
