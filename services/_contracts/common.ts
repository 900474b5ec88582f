import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";

/** Ids are UUIDv7, except that of a refund, which is a UUIDv5 of its payment's id. */
export const Uuid = t.String({ format: "uuid" });

/** For bodies and messages. Elysia's `t.Integer` also accepts the string "2", which suits a query but not JSON. */
export const Integer = Type.Integer;

/** An amount in minor units and an ISO 4217 code: `{ amount: 1999, currency: "USD" }` is 19.99 dollars. */
export const Money = t.Object({
  amount: Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  currency: t.String({ pattern: "^[A-Z]{3}$" }),
});
export type Money = Static<typeof Money>;

export const Item = t.Object({ productId: Uuid, quantity: Integer({ minimum: 1, maximum: 1000 }) });
export type Item = Static<typeof Item>;

/** How a customer pays. */
export const PaymentMethod = t.Object({
  provider: t.Literal("stripe"),
  token: t.String({
    minLength: 1,
    maxLength: 255,
    description: "The provider's id of a payment method, never a card number",
  }),
});
export type PaymentMethod = Static<typeof PaymentMethod>;

/** The headers of requests that accept an `Idempotency-Key`. */
export const IdempotencyHeaders = t.Object({
  "idempotency-key": t.Optional(t.String({ minLength: 1, maxLength: 255 })),
});

/** The body of every error response of the services and of the edge. See https://www.rfc-editor.org/rfc/rfc9457 */
export const Problem = t.Object({
  type: t.String(),
  title: t.String(),
  status: Integer(),
  code: t.String(),
  traceId: t.String(),
  errors: t.Optional(t.Array(t.Object({ path: t.String(), message: t.String() }))),
});

/** The error responses of a route, for its schema. 503 is always one of them: the service's store may be unavailable. */
export const errorResponses = <S extends number>(...statuses: S[]): Record<S | 503, typeof Problem> =>
  Object.fromEntries([...statuses, 503].map((status) => [status, Problem])) as Record<S | 503, typeof Problem>;
