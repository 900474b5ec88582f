import { problems, Uuid } from "@shop/contracts/common";
import { access, type VerifyAccess } from "@shop/kit/access";
import { Elysia, t } from "elysia";
import type { Deps } from "./deps";
import type { Payment } from "./domain/payment";
import { PaymentView } from "./model";
import { paymentFor, paymentsOfOrder } from "./queries/payments";

export const routes = (deps: Deps, verify: VerifyAccess) =>
  new Elysia({ name: "payment-routes" })
    .use(access(verify))
    .get("/payments/:id", async ({ params, user }) => viewOf(await paymentFor(deps, user, params.id)), {
      signedIn: true,
      params: t.Object({ id: Uuid }),
      response: { 200: PaymentView, ...problems(401, 404, 422) },
    })
    .get(
      "/payments/order/:orderId",
      async ({ params, user }) => ({ items: (await paymentsOfOrder(deps, user, params.orderId)).map(viewOf) }),
      {
        signedIn: true,
        params: t.Object({ orderId: Uuid }),
        response: { 200: t.Object({ items: t.Array(PaymentView) }), ...problems(401, 404, 422) },
      },
    );

const viewOf = ({ id, orderId, userId, provider, amount, status, failureCode, createdAt, updatedAt }: Payment) => ({
  id,
  orderId,
  userId,
  provider,
  amount,
  status,
  ...(failureCode && { failureCode }),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
