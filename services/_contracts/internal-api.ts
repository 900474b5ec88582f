import { type Static, t } from "elysia";
import { Integer, Money, Uuid } from "./common";

/** Requests between services: paths below `/internal`, with a service token. The edge has no route to them. */

/** user: `GET /internal/users/{id}` */
export const InternalUser = t.Object({ id: Uuid, email: t.String(), name: t.String() });
export type InternalUser = Static<typeof InternalUser>;

/** user: `GET /internal/users/{id}/email-verification`. The mail's link contains `token`; opening it verifies the address. */
export const InternalEmailVerification = t.Object({
  email: t.String(),
  name: t.String(),
  token: t.String(),
  expiresAt: t.String({ format: "date-time" }),
});
export type InternalEmailVerification = Static<typeof InternalEmailVerification>;

/** inventory: `GET /internal/products?ids=a,b`. `items` has the products that exist. */
export const InternalProducts = t.Object({
  items: t.Array(t.Object({ id: Uuid, name: t.String(), price: Money, available: Integer() })),
});
export type InternalProducts = Static<typeof InternalProducts>;
export type InternalProduct = InternalProducts["items"][number];

/** The amount of an order, its buyer, and whether it may be charged now. */
export const Payable = t.Object({
  orderId: Uuid,
  userId: Uuid,
  amount: Money,
  /** Whether the charge that the order service has commanded (`payment.charge`) may be made now. */
  payable: t.Boolean(),
  /** An error code that says why the buyer cannot begin to pay now. Absent while the order awaits payment. */
  refusal: t.Optional(t.String()),
});
export type Payable = Static<typeof Payable>;

/** order: `GET /internal/orders/payable?ids=a,b`. `items` has the orders that exist. */
export const Payables = t.Object({ items: t.Array(Payable) });
export type Payables = Static<typeof Payables>;

/** The maximum number of ids in one request. */
export const idsMax = 100;
const uuid = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
export const IdsQuery = t.Object({
  ids: t.String({
    pattern: `^${uuid}(?:,${uuid}){0,${idsMax - 1}}$`,
    description: `Up to ${idsMax} ids, separated by commas`,
  }),
});
