import { errorResponses, Uuid } from "@shop/contracts/common";
import { access, type VerifyAccess } from "@shop/kit/auth/access";
import { Elysia, t } from "elysia";
import { processPayment } from "./commands/process-payment";
import type { Deps } from "./deps";
import { isAtEnd, type Payment } from "./domain/payment";
import { PaymentView, ProcessPaymentBody, ProcessPaymentHeaders } from "./model";
import { getPayment, listOrderPayments } from "./queries/payments";

export const routes = (deps: Deps, verify: VerifyAccess) =>
  new Elysia({ name: "payment-routes" })
    .use(access(verify))
    .post(
      "/payments/process",
      async ({ body, headers, user, set, request }) => {
        const payment = await processPayment(deps, user, { ...body, idempotencyKey: headers["idempotency-key"] });
        set.status = isAtEnd(payment) ? 201 : 202;
        // The edge sends the prefix under which it serves this service.
        set.headers.location = `${request.headers.get("x-forwarded-prefix") ?? ""}/payments/${payment.id}`;
        return toView(payment);
      },
      {
        signedIn: true,
        headers: ProcessPaymentHeaders,
        body: ProcessPaymentBody,
        detail: {
          description:
            "Pays for an order that awaits payment. Responds 201 when the payment has ended, or 202 if that takes longer than 5 seconds.",
        },
        response: { 201: PaymentView, 202: PaymentView, ...errorResponses(400, 401, 404, 409, 413, 415, 422, 503) },
      },
    )
    .get("/payments/:id", async ({ params, user }) => toView(await getPayment(deps, user, params.id)), {
      signedIn: true,
      params: t.Object({ id: Uuid }),
      response: { 200: PaymentView, ...errorResponses(401, 404, 422) },
    })
    .get(
      "/payments/order/:orderId",
      async ({ params, user }) => ({ items: (await listOrderPayments(deps, user, params.orderId)).map(toView) }),
      {
        signedIn: true,
        params: t.Object({ orderId: Uuid }),
        response: { 200: t.Object({ items: t.Array(PaymentView) }), ...errorResponses(401, 404, 422) },
      },
    );

const toView = ({ id, orderId, userId, provider, amount, status, failureCode, createdAt, updatedAt }: Payment) => ({
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
