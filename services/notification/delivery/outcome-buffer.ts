import type { Clock } from "@shop/kit/clock";
import type { DeliveryStore } from "../deps";
import type { Outcome } from "../domain/delivery";

/** Collects outcomes, so that many share one statement. */
export function outcomeBuffer(o: { deliveries: DeliveryStore; clock: Clock }) {
  const outcomes: Outcome[] = [];
  return {
    add(...added: Outcome[]): void {
      outcomes.push(...added);
    },

    /** Records the collected outcomes. If that fails, they are kept: without its outcome a mail would be sent twice. */
    async flush(): Promise<void> {
      const batch = outcomes.splice(0);
      if (batch.length === 0) return;
      await o.deliveries.recordOutcomes(batch, o.clock.now()).catch((error) => {
        outcomes.unshift(...batch);
        throw error;
      });
    },
  };
}
