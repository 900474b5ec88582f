import type { Money } from "@shop/contracts/common";
import type { User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import type { Deps, Idempotency } from "../deps";
import type { NewPayment } from "../domain/payment";
import { isAtEnd, type Payment } from "../domain/payment";
import { startPaying } from "../sagas/pay-order";

export type ProcessPayment = {
  orderId: string;
  /** What the payer believes to pay. */
  amount?: Money;
  paymentMethod: { provider: string; token: string };
  idempotencyKey?: string;
};

/**
 * Pays for an order that awaits it, and waits a while for what comes of it.
 * @returns the payment; still pending if it took longer
 * @throws AppError `order.not_found` (404), `payment.amount_mismatch`, `idempotency.key_reused` (422), `order.unavailable` (503);
 *   409: `order.hold_expired`, `order.being_paid` and the other codes of `refusals`
 */
export async function processPayment(deps: Deps, user: User, command: ProcessPayment): Promise<Payment> {
  const key = command.idempotencyKey === undefined ? undefined : keyOf(user, command, command.idempotencyKey);
  const payment = (await before(deps, key)) ?? (await begin(deps, user, command, key));
  return untilItsEnd(deps, payment);
}

async function begin(deps: Deps, user: User, command: ProcessPayment, key?: Idempotency): Promise<Payment> {
  const { orderId, amount } = command;
  const payable = await deps.payableOf(orderId);
  if (payable.userId !== user.id)
    throw new AppError("order.not_found", { kind: "not_found", public: "There is no such order." });
  if (amount && (amount.amount !== payable.amount.amount || amount.currency !== payable.amount.currency))
    throw new AppError("payment.amount_mismatch", { kind: "invalid", public: "This is not the order's amount." });
  if (payable.refusal) {
    // It may be this very request that made it so, having come a second time just before.
    const first = await before(deps, key);
    if (first) return first;
    throw refused(payable.refusal);
  }

  const { provider, token } = command.paymentMethod;
  const payment: NewPayment = {
    id: Bun.randomUUIDv7(),
    orderId,
    userId: user.id,
    sagaId: Bun.randomUUIDv7(),
    provider,
    amount: payable.amount,
    status: "pending",
    desired: "captured",
    observed: "nothing",
    sealedToken: await deps.seal(token),
  };
  // Where another request came first: by the same key it is the same one, else this one is too many.
  const begun = (await deps.store.start(startPaying(payment), key)) ?? (await before(deps, key));
  if (!begun) throw refused("order.being_paid");
  return begun;
}

async function before(deps: Deps, key: Idempotency | undefined): Promise<Payment | undefined> {
  const found = key && (await deps.store.byKey(key.scope));
  if (found && found.keyHash !== key.hash)
    throw new AppError("idempotency.key_reused", {
      kind: "invalid",
      public: "This Idempotency-Key was used for another request.",
    });
  return found?.payment;
}

/** Another process may be the one that works on it, so the store is what is looked at. */
async function untilItsEnd(deps: Deps, payment: Payment): Promise<Payment> {
  const deadline = performance.now() + deps.waitMs;
  let current = payment;
  for (let pauseMs = 20; !isAtEnd(current) && performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    await Bun.sleep(pauseMs);
    current = (await deps.store.byId(payment.id)) ?? current;
  }
  return current;
}

const refusals: Record<string, string | undefined> = {
  "order.not_awaiting_payment": "This order cannot be paid for yet.",
  "order.being_paid": "This order is being paid for already.",
  "order.already_paid": "This order is paid for already.",
  "order.hold_expired": "This order was not paid for in time.",
  "order.cancelled": "This order is cancelled.",
};

const refused = (code: string) =>
  new AppError(code, { kind: "conflict", public: refusals[code] ?? "This order cannot be paid for." });

/** The key belongs to one user and one route; of the request only a hash is kept. */
function keyOf(user: User, { orderId, amount, paymentMethod }: ProcessPayment, key: string): Idempotency {
  const { provider, token } = paymentMethod;
  const request = JSON.stringify([orderId, amount && [amount.amount, amount.currency], provider, token]);
  return {
    scope: `${user.id} POST /payments/process ${key}`,
    hash: new Bun.CryptoHasher("sha256").update(request).digest("base64url"),
  };
}
