import { inSpan } from "@shop/kit/telemetry/tracing";
import type { Deps } from "../deps";
import { converge } from "./converge";

/** The sweep: continues payments whose process died or whose provider did not respond. */
export async function resumePayments(deps: Deps): Promise<void> {
  const due = await deps.store.listDue(50);
  await Promise.all(
    due.map(async (paymentId) => {
      const payment = await deps.store.lease(paymentId);
      if (!payment) return;
      const { traceparent } = payment;
      await inSpan("resume payment", { traceparent, root: true }, () => converge(deps, payment, false));
    }),
  );
}
