import { every } from "@shop/kit/async/every";
import type { Clock } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import type { Log } from "@shop/kit/telemetry/log";
import type { LiveTimelines, LoadTimelines } from "../deps";
import type { ChangeFeed } from "./change-feed";
import { type Stream, startStream } from "./stream";
import { streamSet } from "./stream-set";

const perUserMax = 5;

/** The live timelines of this process: limits, polling and heartbeats around the set of open streams. */
export function orderStreams(o: {
  loadTimelines: LoadTimelines;
  changes: Pick<ChangeFeed, "subscribe">;
  clock: Clock;
  log: Log;
  heartbeatMs?: number;
  /** How far a stream may lag behind when a change is not reported by the change feed. */
  pollMs?: number;
}): LiveTimelines & { drain(): void; close(): Promise<void> } {
  const streams = streamSet(o);
  const stopPolling = every(o.pollMs ?? 3_000, async () => streams.refresh(), o.log);
  const stopHeartbeats = every(o.heartbeatMs ?? 15_000, async () => streams.sendHeartbeats(), o.log);

  return {
    open({ user, orderId, after }) {
      if (streams.countByUser(user.id) >= perUserMax)
        throw new AppError("order.too_many_streams", {
          kind: "throttled",
          public: `At most ${perUserMax} streams may be open at the same time.`,
        });
      let stream: Stream;
      return new ReadableStream<Uint8Array>({
        start(controller) {
          const expiresInMs = user.expiresAt - o.clock.now().getTime();
          stream = startStream({ controller, orderId, userId: user.id, after, expiresInMs, onEnd: streams.remove });
          streams.add(stream);
        },
        cancel() {
          stream.release();
          streams.remove(stream);
        },
      });
    },
    drain: streams.drain,
    async close() {
      await Promise.all([stopPolling(), stopHeartbeats()]);
      await streams.settled();
    },
  };
}
