import { hasPermission, type User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Deps } from "../deps";
import type { Payment } from "../domain/payment";

/** Somebody else's payment answers as one that does not exist. */
export async function paymentFor(deps: Deps, user: User, paymentId: string): Promise<Payment> {
  const payment = await deps.store.byId(paymentId);
  if (!payment || !maySee(user, payment))
    throw new AppError("payment.not_found", { kind: "not_found", public: "There is no such payment." });
  return payment;
}

export async function paymentsOfOrder(deps: Deps, user: User, orderId: string): Promise<Payment[]> {
  const payments = (await deps.store.byOrder(orderId)).filter((payment) => maySee(user, payment));
  if (payments.length === 0)
    throw new AppError("order.not_found", {
      kind: "not_found",
      public: "There is no such order, or nothing was paid for it.",
    });
  return payments;
}

const maySee = (user: User, payment: Payment) => payment.userId === user.id || hasPermission(user, "payments:read");
