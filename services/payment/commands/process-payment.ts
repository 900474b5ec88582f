import type { Money } from "@shop/contracts/common";
import type { Payable } from "@shop/contracts/internal-api";
import type { User } from "@shop/kit/auth/access";
import { AppError } from "@shop/kit/errors/app-error";
import { type IdempotentRequest, idempotentRequest, readableScope, rejectReusedKey } from "@shop/kit/idempotency";
import type { Deps } from "../deps";
import { isAtEnd, newPayment, type Payment } from "../domain/payment";
import { paymentRefused } from "../domain/refusals";
import { startPaying } from "../sagas/pay-order";

export type ProcessPayment = {
  orderId: string;
  /** The amount that the payer expects. It must equal the order's total. */
  amount?: Money;
  paymentMethod: { provider: string; token: string };
  idempotencyKey?: string;
};

/**
 * Starts a payment for an order that awaits one, and waits up to `waitMsMax` for it to end. A repeated request waits for
 * the payment that the first one started.
 * @returns the payment, which may still be pending
 * @throws AppError `order.not_found` (404), `payment.amount_mismatch`, `idempotency.key_reused` (422), `order.unavailable`
 *   (503); `order.being_paid` and the other codes of `paymentRefused` (409)
 */
export async function processPayment(deps: Deps, user: User, command: ProcessPayment): Promise<Payment> {
  const request = toIdempotentRequest(user, command);
  const payment = (await findStarted(deps, request)) ?? (await startPayment(deps, user, command, request));
  return waitForEnd(deps, payment);
}

/** Scope and hash are stored: a change to either breaks replays of earlier requests. */
function toIdempotentRequest(user: User, command: ProcessPayment): IdempotentRequest | undefined {
  const { orderId, amount, paymentMethod, idempotencyKey } = command;
  return idempotentRequest({
    subject: user.id,
    method: "POST",
    route: "/payments/process",
    key: idempotencyKey,
    request: [orderId, amount && [amount.amount, amount.currency], paymentMethod.provider, paymentMethod.token],
    scope: readableScope,
  });
}

/** The payment that an earlier request with the same key started. */
async function findStarted(deps: Deps, request: IdempotentRequest | undefined): Promise<Payment | undefined> {
  const found = request && (await deps.store.findByKey(request.scope));
  if (!found) return undefined;
  rejectReusedKey(found.requestHash, request.requestHash);
  return found.payment;
}

async function startPayment(
  deps: Deps,
  user: User,
  command: ProcessPayment,
  request: IdempotentRequest | undefined,
): Promise<Payment> {
  const { orderId, amount, paymentMethod } = command;
  const payable = await deps.loadPayable(orderId);
  rejectOtherPayer(payable, user);
  rejectOtherAmount(payable, amount);
  if (payable.refusal) {
    // The order may be refused because a concurrent request with the same key has just started to pay for it.
    const started = await findStarted(deps, request);
    if (started) return started;
    throw paymentRefused(payable.refusal);
  }

  const payment = newPayment({
    id: Bun.randomUUIDv7(),
    orderId,
    userId: user.id,
    sagaId: Bun.randomUUIDv7(),
    provider: paymentMethod.provider,
    amount: payable.amount,
    sealedToken: await deps.seal(paymentMethod.token),
  });
  // If a concurrent request was first: with the same key both get its payment, otherwise this one is refused.
  const started = (await deps.store.startSaga(startPaying(payment), request)) ?? (await findStarted(deps, request));
  if (!started) throw paymentRefused("order.being_paid");
  return started;
}

function rejectOtherPayer({ userId }: Payable, user: User): void {
  if (userId !== user.id) throw new AppError("order.not_found", { kind: "not_found", public: "Order not found." });
}

function rejectOtherAmount({ amount }: Payable, expected: Money | undefined): void {
  if (!expected || (expected.amount === amount.amount && expected.currency === amount.currency)) return;
  throw new AppError("payment.amount_mismatch", {
    kind: "invalid",
    public: "The amount differs from the order's total.",
  });
}

/** Polls the store, because another process may be the one that works on the payment. */
async function waitForEnd(deps: Deps, payment: Payment): Promise<Payment> {
  const deadline = performance.now() + deps.waitMsMax;
  let current = payment;
  for (let pauseMs = 20; !isAtEnd(current) && performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    await Bun.sleep(pauseMs);
    current = (await deps.store.findById(payment.id)) ?? current;
  }
  return current;
}
