import { sseEvent, sseHeartbeat, sseRetry } from "@shop/kit/http/sse";
import type { OrderTimeline } from "../deps";

/** How long a client waits before it reconnects. */
const retryMs = 1_000;
/** The longest delay that `setTimeout` accepts. With a longer one it would fire at once. */
const timerMaxMs = 2 ** 31 - 1;

/** Why a stream ends. After `order_final` there is no reason to reconnect. */
type EndReason = "order_final" | "token_expired" | "shutting_down";

/** One client that follows one order. */
export type Stream = {
  readonly orderId: string;
  readonly userId: string;
  /** The `seq` of the last entry that was sent. */
  readonly lastSeq: number;
  /** Sends the entries that were not sent yet. May be called with the same timeline repeatedly and in any order. */
  send(timeline: OrderTimeline): void;
  sendHeartbeat(): void;
  /** Tells the client why the stream ends, and closes it. */
  end(reason: EndReason): void;
  /** Stops the expiry timer. Call when the client has closed the stream. */
  release(): void;
};

/**
 * Starts a stream: sends the client's reconnection delay, and ends the stream after `expiresInMs`.
 * @param o.after the `seq` of the last entry the client has
 * @param o.onEnd called after the stream was ended by this side
 */
export function startStream(o: {
  controller: ReadableStreamDefaultController<Uint8Array>;
  orderId: string;
  userId: string;
  after: number;
  expiresInMs: number;
  onEnd: (stream: Stream) => void;
}): Stream {
  const encoder = new TextEncoder();
  // A slow reader is not waited for: at most one order's timeline and a few heartbeats are queued for it.
  const write = (text: string) => o.controller.enqueue(encoder.encode(text));
  let lastSeq = o.after;

  const stream: Stream = {
    orderId: o.orderId,
    userId: o.userId,
    get lastSeq() {
      return lastSeq;
    },
    send({ status, entries }) {
      for (const entry of entries)
        if (entry.seq > lastSeq) {
          write(sseEvent({ event: "timeline", id: entry.seq, data: { ...entry, orderStatus: status } }));
          lastSeq = entry.seq;
        }
    },
    sendHeartbeat: () => write(sseHeartbeat),
    end(reason) {
      write(sseEvent({ event: "end", data: { reason } }));
      o.controller.close();
      stream.release();
      o.onEnd(stream);
    },
    release: () => clearTimeout(expiry),
  };
  const expiry = setTimeout(() => stream.end("token_expired"), Math.min(o.expiresInMs, timerMaxMs));
  write(sseRetry(retryMs));
  return stream;
}
