import type { Outgoing, Publisher } from "../../messaging/publisher";
import type { QueueSnapshot } from "../../messaging/queue-snapshot";

/** Stands in for Redis: records what is published, and returns snapshots as the test sets them. */
export function fakeQueue() {
  const initial = () => ({
    /** `down`: not connected. `failing`: connected, but nothing can be published. */
    mode: "up" as "up" | "down" | "failing",
    /** Everything ever published, in order. */
    published: [] as Outgoing[],
    /** Publish calls that failed. */
    failures: 0,
    /** Snapshots taken. */
    snapshots: 0,
    identity: "redis-1",
    oldest: new Map() as QueueSnapshot["oldest"],
  });
  const state = initial();
  const publisher: Publisher = {
    async publish(outgoing) {
      if (state.mode !== "up") {
        state.failures++;
        throw new Error("Redis is unavailable");
      }
      state.published.push(...outgoing);
    },
    connected: () => state.mode !== "down",
    async snapshot() {
      state.snapshots++;
      return { identity: state.identity, oldest: state.oldest };
    },
    close: async () => {},
  };
  return Object.assign(state, {
    publisher,
    reset: () => void Object.assign(state, initial()),
    /** The `n` of every published message. */
    numbers: () => state.published.map((item) => (item.message.data as { n: number }).n),
  });
}
