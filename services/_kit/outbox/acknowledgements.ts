import { errorMessage } from "../errors/app-error";
import type { Log } from "../telemetry/log";
import type { RedisMonitor } from "./redis-monitor";
import type { OutboxStore } from "./store";

/** Acknowledgements that are collected and written together. */
export type Acknowledgements<A> = {
  /** @param identity the Redis instance that has the messages */
  add(ack: A, identity: string): void;
  /** Writes what was added, and forgets what went to an earlier Redis instance: that must be sent again. */
  write(): Promise<void>;
};

export function acknowledgements<A>(o: {
  store: Pick<OutboxStore<A>, "acknowledge">;
  monitor: Pick<RedisMonitor, "latest">;
  log: Log;
}): Acknowledgements<A> {
  let waiting: { ack: A; identity: string }[] = [];
  return {
    add(ack, identity) {
      waiting.push({ ack, identity });
    },
    async write() {
      const identity = o.monitor.latest();
      const batch = waiting.filter((each) => each.identity === identity).map(({ ack }) => ack);
      waiting = [];
      if (batch.length === 0 || identity === undefined) return;
      // A lost acknowledgement costs a second publish, which the consumer recognizes as a duplicate.
      await o.store
        .acknowledge(batch, identity)
        .catch((error) => o.log.warn({ error: errorMessage(error) }, "acknowledgement failed"));
    },
  };
}
