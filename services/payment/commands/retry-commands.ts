import type { Draft } from "@shop/contracts/messages";
import { pendingCommand } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { payOrder } from "../sagas/pay-order";

/** Sends the pending commands of up to 50 sagas whose reply is overdue. */
export const retryCommands = (deps: Deps): Promise<void> =>
  deps.store.retryCommands(
    50,
    (payment) => payment.saga && (pendingCommand(payOrder, payment, payment.saga) as Draft | undefined),
  );
