import type { Deps } from "../deps";
import { converge } from "./converge";

/** Takes up payments whose process died or whose provider gave no answer. */
export async function resumePayments(deps: Deps): Promise<void> {
  const due = await deps.store.due(50);
  await Promise.all(
    due.map(async (paymentId) => {
      const payment = await deps.store.lease(paymentId);
      if (payment) await converge(deps, payment, false);
    }),
  );
}
