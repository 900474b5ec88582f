import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";

export const Uuid = t.String({ format: "uuid", description: "UUIDv7" });

/** For bodies and messages: Elysia's own `t.Integer` takes "2" for 2, which suits a query but not JSON. */
export const Integer = Type.Integer;

/** Minor units and an ISO 4217 code: `{ amount: 1999, currency: "USD" }` is 19.99 dollars. */
export const Money = t.Object({
  amount: Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  currency: t.String({ pattern: "^[A-Z]{3}$" }),
});
export type Money = Static<typeof Money>;

export const Item = t.Object({ productId: Uuid, quantity: Integer({ minimum: 1, maximum: 1000 }) });
export type Item = Static<typeof Item>;

/** How a customer pays: a payment method's token from the provider, never a card number. */
export const PaymentMethod = t.Object({
  provider: t.Literal("stripe"),
  token: t.String({
    minLength: 1,
    maxLength: 255,
    description: "A payment method id of the provider, never a card number",
  }),
});
export type PaymentMethod = Static<typeof PaymentMethod>;

/** For requests that change orders, payments or stock: a name of the caller's own choice for this one request. */
export const IdempotencyHeaders = t.Object({
  "idempotency-key": t.Optional(t.String({ minLength: 1, maxLength: 255 })),
});

/** RFC 9457. Every error of every service and of the edge. */
export const Problem = t.Object({
  type: t.String(),
  title: t.String(),
  status: Integer(),
  code: t.String(),
  traceId: t.String(),
  errors: t.Optional(t.Array(t.Object({ path: t.String(), message: t.String() }))),
});

/** The error answers of a route, for its schema. Any route answers 503 while its service's store is away. */
export const problems = <S extends number>(...statuses: S[]): Record<S | 503, typeof Problem> =>
  Object.fromEntries([...statuses, 503].map((status) => [status, Problem])) as Record<S | 503, typeof Problem>;
