import type { Draft } from "@shop/contracts/messages";
import { pendingCommand } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { payOrder } from "../sagas/pay-order";

/** Sends the question of every saga again that order has not answered for too long. */
export const askAgain = (deps: Deps): Promise<void> =>
  deps.store.askAgain(
    50,
    (payment) => payment.saga && (pendingCommand(payOrder, payment, payment.saga) as Draft | undefined),
  );
