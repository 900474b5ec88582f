import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { isDue, reachesEnd } from "../domain/payment";
import { paymentsProcessed } from "../metrics";
import { proceed } from "../sagas/pay-order";
import { converge } from "./converge";

/**
 * Handles the replies of order: moves the payment's saga to its next step. Once order has begun the payment, the card is
 * charged immediately; if this process dies, the sweep charges it.
 */
export async function continueSaga(deps: Deps, _data: unknown, message: Message): Promise<void> {
  if (!message.sagaid) return;
  let hasEnded = false;
  const moved = await deps.store.moveSaga(message.sagaid, message, (payment) => {
    const next = proceed(payment, { kind: "message", message });
    hasEnded = next !== undefined && reachesEnd(payment, next.payment);
    return next;
  });
  if (!moved) return;
  if (hasEnded) paymentsProcessed.inc({ provider: moved.provider, status: moved.status });
  if (isDue(moved)) await converge(deps, moved, true);
}
