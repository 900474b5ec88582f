import { every } from "@shop/kit/async/every";
import type { Clock } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import { sseEvent, sseHeartbeat, sseRetry } from "@shop/kit/http/sse";
import type { Log } from "@shop/kit/telemetry/log";
import type { LiveTimelines, OrderTimeline, TimelinesOf } from "../deps";
import type { OrderStatus } from "../domain/order";
import { streamsOpen } from "../metrics";
import type { OrderChanges } from "./change-feed";

const mostPerUser = 5;
const retryMs = 1_000;
/** More is not a delay but an overflow, which `setTimeout` takes for none. */
const longestTimerMs = 2 ** 31 - 1;

/** Nothing of interest to a buyer comes after these. */
const finals: readonly OrderStatus[] = ["delivered", "cancelled", "refunded"];

/** Why a stream ended; after `order_final` there is nothing to come back for. */
type EndReason = "order_final" | "token_expired" | "shutting_down";

type Stream = {
  orderId: string;
  userId: string;
  /** The last entry it was sent. Only higher ones follow, so whatever is loaded, how often and in which order, nothing repeats. */
  sent: number;
  to: ReadableStreamDefaultController<Uint8Array>;
  expiry: ReturnType<typeof setTimeout>;
};

/**
 * The open live timelines of this process. Whatever says that an order may have changed (an own write, another instance,
 * the poll) leads to the same: its timeline is loaded, and each stream gets the entries it has not had.
 */
export function orderStreams(o: {
  timelinesOf: TimelinesOf;
  changes: Pick<OrderChanges, "listen">;
  clock: Clock;
  log: Log;
  heartbeatMs?: number;
  /** How long a stream may lag behind where Redis does not tell of a change. */
  pollMs?: number;
}): LiveTimelines & { drain(): void; close(): Promise<void> } {
  const streams = new Set<Stream>();
  let due = new Set<string>();
  let advancing = false;
  let advanced: Promise<void> | undefined;
  let draining = false;
  let unlisten: (() => void) | undefined;

  function look(orderIds: string[] = [...streams].map((stream) => stream.orderId)): void {
    for (const id of orderIds) due.add(id);
    if (!advancing) advanced = advance();
  }

  /** One query at a time, for all that is due and looked at. */
  async function advance(): Promise<void> {
    advancing = true;
    try {
      while (due.size > 0) {
        const after = new Map<string, number>();
        for (const { orderId, sent } of streams)
          if (due.has(orderId)) after.set(orderId, Math.min(sent, after.get(orderId) ?? sent));
        due = new Set();
        const loaded = after.size > 0 ? await o.timelinesOf(after) : [];
        const byId = new Map(loaded.map((timeline) => [timeline.orderId, timeline]));
        for (const stream of streams) {
          const timeline = byId.get(stream.orderId);
          // One that came meanwhile, from further back, is due itself.
          if (timeline && stream.sent >= (after.get(stream.orderId) ?? 0)) bring(stream, timeline);
        }
      }
    } catch (error) {
      o.log.warn({ err: error }, "live timelines stand still until the next look");
    } finally {
      advancing = false;
    }
  }

  function bring(stream: Stream, { status, entries }: OrderTimeline): void {
    for (const entry of entries)
      if (entry.seq > stream.sent) {
        send(stream, sseEvent({ event: "timeline", id: entry.seq, data: { ...entry, orderStatus: status } }));
        stream.sent = entry.seq;
      }
    if (finals.includes(status)) end(stream, "order_final");
    else if (draining) end(stream, "shutting_down");
  }

  // A reader that does not keep up is not waited for: what a stream can hold is one order's timeline and a few heartbeats.
  const encoder = new TextEncoder();
  const send = (stream: Stream, text: string) => stream.to.enqueue(encoder.encode(text));

  function end(stream: Stream, reason: EndReason): void {
    send(stream, sseEvent({ event: "end", data: { reason } }));
    stream.to.close();
    forget(stream);
  }

  function forget(stream: Stream): void {
    clearTimeout(stream.expiry);
    streams.delete(stream);
    streamsOpen.set(streams.size);
    if (streams.size > 0) return;
    unlisten?.();
    unlisten = undefined;
  }

  const stopPoll = every(o.pollMs ?? 3_000, async () => look(), o.log);
  const stopHeartbeat = every(
    o.heartbeatMs ?? 15_000,
    async () => {
      for (const stream of streams) send(stream, sseHeartbeat);
    },
    o.log,
  );

  return {
    open({ user, orderId, after }) {
      if ([...streams].filter((stream) => stream.userId === user.id).length >= mostPerUser)
        throw new AppError("order.too_many_streams", {
          kind: "throttled",
          public: `At most ${mostPerUser} streams may be open at a time.`,
        });
      let stream: Stream;
      return new ReadableStream<Uint8Array>({
        start(to) {
          const leftMs = Math.min(user.expiresAt - o.clock.now().getTime(), longestTimerMs);
          const expiry = setTimeout(() => end(stream, "token_expired"), leftMs);
          stream = { orderId, userId: user.id, sent: after, to, expiry };
          streams.add(stream);
          streamsOpen.set(streams.size);
          send(stream, sseRetry(retryMs));
          unlisten ??= o.changes.listen(look);
          look([orderId]);
        },
        cancel: () => forget(stream),
      });
    },
    drain() {
      draining = true;
      for (const stream of streams) end(stream, "shutting_down");
    },
    async close() {
      await Promise.all([stopPoll(), stopHeartbeat()]);
      await advanced;
    },
  };
}
