import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { hasEnded, isDue } from "../domain/payment";
import { paymentsProcessed } from "../metrics";
import { proceed } from "../sagas/pay-order";
import { converge } from "./converge";

/** Moves a payment's saga on by order's answer. Once order has begun, the money is taken at once, or later by the sweep. */
export async function continueSaga(deps: Deps, _data: unknown, message: Message): Promise<void> {
  if (!message.sagaid) return;
  let ended = false;
  const moved = await deps.store.moveSaga(message.sagaid, message, (payment) => {
    const next = proceed(payment, { kind: "message", message });
    ended = next !== undefined && hasEnded(payment, next.payment);
    return next;
  });
  if (!moved) return;
  if (ended) paymentsProcessed.inc({ provider: moved.provider, status: moved.status });
  if (isDue(moved)) await converge(deps, moved, true);
}
