import type { Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { messagesResent } from "../telemetry/metrics";
import type { OutboxStore } from "./store";
import { toHandledBefore } from "./watermark";

export type RedisMonitor = {
  /** Takes one snapshot of the queues. @throws when the store is unavailable; the next check repeats the work */
  check(): Promise<void>;
  /** The Redis instance seen last; undefined before the first snapshot. */
  identity(): string | undefined;
};

/**
 * Detects that Redis may have lost messages, and tells the store which messages are handled. An emptied Redis answers like
 * any other: only its identity shows the loss.
 */
export function redisMonitor<A>(o: {
  store: Pick<OutboxStore<A>, "resend" | "recordHandled">;
  publisher: Publisher;
  log: Log;
}): RedisMonitor {
  let identity: string | undefined;
  return {
    identity: () => identity,
    async check() {
      if (!o.publisher.connected()) return;
      const takenAt = Date.now();
      const snapshot = await o.publisher.snapshot().catch(() => undefined);
      if (!snapshot) return;
      if (snapshot.identity !== identity) {
        const resent = await o.store.resend(snapshot.identity);
        identity = snapshot.identity;
        messagesResent.inc(resent);
        if (resent > 0) o.log.warn({ resent }, "redis instance changed, resending unhandled messages");
      }
      await o.store.recordHandled(toHandledBefore(snapshot.oldest, takenAt));
    },
  };
}
