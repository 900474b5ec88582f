import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Deps } from "../deps";
import type { Payment } from "../domain/payment";

/** @throws AppError `payment.not_found` (404), also for another user's payment: its existence is not revealed */
export async function getPayment(deps: Deps, user: User, paymentId: string): Promise<Payment> {
  const payment = await deps.store.findById(paymentId);
  if (!payment || !maySee(user, payment))
    throw new AppError("payment.not_found", { kind: "not_found", public: "Payment not found." });
  return payment;
}

/** @throws AppError `order.not_found` (404) if the order has no payments that the user may see */
export async function listOrderPayments(deps: Deps, user: User, orderId: string): Promise<Payment[]> {
  const payments = (await deps.store.listByOrder(orderId)).filter((payment) => maySee(user, payment));
  if (payments.length === 0)
    throw new AppError("order.not_found", {
      kind: "not_found",
      public: "Order not found, or it has no payments.",
    });
  return payments;
}

const maySee = (user: User, payment: Payment) => payment.userId === user.id || hasPermission(user, "payments:read");
