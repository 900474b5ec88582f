import { IdempotencyHeaders, Money, PaymentMethod, Uuid } from "@shop/contracts/common";
import { t } from "elysia";
import { type PaymentStatus, paymentStatuses } from "./domain/payment";

export const ProcessPaymentBody = t.Object({
  orderId: Uuid,
  amount: t.Optional(t.Composite([Money], { description: "Must equal the order's total, if given" })),
  paymentMethod: PaymentMethod,
});

export const ProcessPaymentHeaders = IdempotencyHeaders;

export const PaymentView = t.Object({
  id: Uuid,
  orderId: Uuid,
  userId: Uuid,
  provider: t.String(),
  amount: Money,
  status: t.Unsafe<PaymentStatus>(t.Union(paymentStatuses.map((status) => t.Literal(status)))),
  failureCode: t.Optional(t.String()),
  createdAt: t.String({ format: "date-time" }),
  updatedAt: t.String({ format: "date-time" }),
});
