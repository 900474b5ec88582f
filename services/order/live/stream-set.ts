import type { Log } from "@shop/kit/telemetry/log";
import type { LoadTimelines, OrderTimeline } from "../deps";
import type { OrderStatus } from "../domain/order";
import { streamsOpen } from "../metrics";
import type { ChangeFeed } from "./change-feed";
import type { Stream } from "./stream";

/** No command or saga changes an order after these statuses, so its streams end. */
const finalStatuses: readonly OrderStatus[] = ["delivered", "cancelled", "refunded"];

/**
 * The open streams of this process, and the loop that sends them new entries. Every sign of a change (own writes, other
 * instances, polling) calls `refresh`, which loads the timelines and sends each stream the entries that it does not have yet.
 * The set is subscribed to the change feed while it has streams.
 */
export function streamSet(o: { loadTimelines: LoadTimelines; changes: Pick<ChangeFeed, "subscribe">; log: Log }) {
  const streams = new Set<Stream>();
  let due = new Set<string>();
  let isAdvancing = false;
  let lastAdvance: Promise<void> | undefined;
  let isDraining = false;
  let unsubscribe: (() => void) | undefined;

  function refresh(orderIds: string[] = [...streams].map((stream) => stream.orderId)): void {
    for (const id of orderIds) due.add(id);
    if (!isAdvancing) lastAdvance = advance();
  }

  /** Makes one query at a time, for all orders that are due and have a stream. */
  async function advance(): Promise<void> {
    isAdvancing = true;
    try {
      while (due.size > 0) {
        const after = takeDue();
        const loaded = after.size > 0 ? await o.loadTimelines(after) : [];
        const byId = new Map(loaded.map((timeline) => [timeline.orderId, timeline]));
        for (const stream of streams) {
          const timeline = byId.get(stream.orderId);
          // A stream that was added during the query may need earlier entries; its order is due again.
          if (timeline && stream.lastSeq >= (after.get(stream.orderId) ?? 0)) send(stream, timeline);
        }
      }
    } catch (error) {
      o.log.warn({ err: error }, "live timelines not loaded, retrying at the next poll");
    } finally {
      isAdvancing = false;
    }
  }

  /** The orders that are due, each with the lowest `seq` that one of its streams has. */
  function takeDue(): Map<string, number> {
    const after = new Map<string, number>();
    for (const { orderId, lastSeq } of streams)
      if (due.has(orderId)) after.set(orderId, Math.min(lastSeq, after.get(orderId) ?? lastSeq));
    due = new Set();
    return after;
  }

  function send(stream: Stream, timeline: OrderTimeline): void {
    stream.send(timeline);
    if (finalStatuses.includes(timeline.status)) stream.end("order_final");
    else if (isDraining) stream.end("shutting_down");
  }

  return {
    countByUser: (userId: string) => [...streams].filter((stream) => stream.userId === userId).length,
    add(stream: Stream): void {
      streams.add(stream);
      streamsOpen.set(streams.size);
      unsubscribe ??= o.changes.subscribe(refresh);
      refresh([stream.orderId]);
    },
    remove(stream: Stream): void {
      streams.delete(stream);
      streamsOpen.set(streams.size);
      if (streams.size > 0) return;
      unsubscribe?.();
      unsubscribe = undefined;
    },
    refresh,
    sendHeartbeats(): void {
      for (const stream of streams) stream.sendHeartbeat();
    },
    /** Ends all streams. A stream that is added later gets its timeline and ends, too. */
    drain(): void {
      isDraining = true;
      for (const stream of streams) stream.end("shutting_down");
    },
    /** Resolves when no query is under way. */
    settled: async (): Promise<void> => lastAdvance,
  };
}
