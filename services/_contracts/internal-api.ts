import { type Static, t } from "elysia";
import { Integer, Money, Uuid } from "./common";

/** What services ask each other over HTTP: paths below `/internal`, never routed by the edge, with a service token. */

/** user: `GET /internal/users/{id}` */
export const InternalUser = t.Object({ id: Uuid, email: t.String(), name: t.String() });
export type InternalUser = Static<typeof InternalUser>;

/** user: `GET /internal/users/{id}/email-verification` → what proves, when it comes back, that the address's mail is read */
export const InternalEmailVerification = t.Object({
  email: t.String(),
  name: t.String(),
  token: t.String(),
  expiresAt: t.String({ format: "date-time" }),
});
export type InternalEmailVerification = Static<typeof InternalEmailVerification>;

/** inventory: `GET /internal/products?ids=a,b` → the ones that exist */
export const InternalProducts = t.Object({
  items: t.Array(t.Object({ id: Uuid, name: t.String(), price: Money, available: Integer() })),
});
export type InternalProducts = Static<typeof InternalProducts>;
export type InternalProduct = InternalProducts["items"][number];

/** What may be charged for an order, and for whom. */
export const Payable = t.Object({
  orderId: Uuid,
  userId: Uuid,
  amount: Money,
  /** Whether the charge that order itself asks for may be made now. */
  payable: t.Boolean(),
  /** Why its owner cannot begin to pay for it now: an error code. Absent while it awaits payment. */
  refusal: t.Optional(t.String()),
});
export type Payable = Static<typeof Payable>;

/** order: `GET /internal/orders/payable?ids=a,b` → of the orders that exist */
export const Payables = t.Object({ items: t.Array(Payable) });
export type Payables = Static<typeof Payables>;

/** How many ids one such question may name. */
export const idsMax = 100;
const uuid = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
export const IdsQuery = t.Object({
  ids: t.String({
    pattern: `^${uuid}(?:,${uuid}){0,${idsMax - 1}}$`,
    description: `Up to ${idsMax} ids, with commas between`,
  }),
});
