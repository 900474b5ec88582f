import { errorMessage } from "../errors/app-error";
import type { Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { messagesResent } from "../telemetry/metrics";
import type { OutboxStore } from "./store";
import { toHandledBefore } from "./watermark";

export type RedisMonitor = {
  /** Takes one snapshot of the queues. @throws when the store is unavailable; the next check repeats the work */
  check(): Promise<void>;
  /** Resolves after the first check, whether it succeeded or not. */
  checked: Promise<void>;
  /**
   * The Redis instance that this process sees, if it is the latest one. Undefined before the first snapshot, and while other
   * processes already see a later one.
   */
  latest(): string | undefined;
  /** Whether other processes already see a later instance. */
  isLate(): boolean;
};

/**
 * Detects that Redis may have lost messages, and tells the store which messages are handled. An emptied Redis answers like
 * any other: only its identity shows the loss.
 */
export function redisMonitor<A>(o: {
  store: Pick<OutboxStore<A>, "adopt" | "recordHandled">;
  publisher: Publisher;
  log: Log;
}): RedisMonitor {
  const { promise: checked, resolve: firstCheckDone } = Promise.withResolvers<void>();
  let identity: string | undefined;
  let isLatest = false;

  async function check(): Promise<void> {
    if (!o.publisher.connected()) return;
    const takenAt = Date.now();
    const snapshot = await o.publisher.snapshot().catch((error) => {
      if (o.publisher.connected()) o.log.warn({ error: errorMessage(error) }, "snapshot of the queues failed");
    });
    if (!snapshot) return;
    // Until the store has answered, nobody knows whether this instance is the latest.
    if (snapshot.identity !== identity) isLatest = false;
    const adoption = await o.store.adopt(snapshot.identity, identity);
    if (!adoption.isLatest && isLatest) o.log.warn({}, "other processes are connected to a later redis instance");
    ({ isLatest } = adoption);
    identity = snapshot.identity;
    messagesResent.inc(adoption.resent);
    if (adoption.resent > 0)
      o.log.warn({ resent: adoption.resent }, "redis instance changed, resending unhandled messages");
    if (isLatest) await o.store.recordHandled(toHandledBefore(snapshot.oldest, takenAt));
  }

  return {
    check: () => check().finally(firstCheckDone),
    checked,
    latest: () => (isLatest ? identity : undefined),
    isLate: () => identity !== undefined && !isLatest,
  };
}
