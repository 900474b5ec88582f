import type { Draft } from "@shop/contracts/messages";
import { question } from "@shop/kit/saga";
import type { Deps } from "../deps";
import { payOrder } from "../sagas/pay-order";

/** Sends the question of every saga again that order has not answered for too long. */
export const askAgain = (deps: Deps): Promise<void> =>
  deps.store.askAgain(
    50,
    (payment) => payment.saga && (question(payOrder, payment, payment.saga) as Draft | undefined),
  );
