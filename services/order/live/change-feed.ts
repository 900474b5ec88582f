import { createRedis, type Redis } from "@shop/kit/stores/redis";
import type { Log } from "@shop/kit/telemetry/log";

const channel = "order.changed";
/** Changes gather for so long, here and for the other instances. */
const gatherMs = 50;
/** With a second's worth of messages that Redis has not taken, more are not sent. */
const mostUnderWay = 20;

/** Orders that have changed; undefined: nobody knows which. */
type Heard = (orderIds: string[] | undefined) => void;

export type OrderChanges = {
  /** Call after an order was written. Costs next to nothing: all of 50 ms is one message, and nothing waits for it. */
  note(orderId: string): void;
  /** Tells of changes on this instance and, as long as Redis is there, on the others. One listener at a time. */
  listen(heard: Heard): () => void;
  close(): Promise<void>;
};

/**
 * Tells all instances which orders have changed, over Redis pub/sub. Nothing depends on it but speed: what is not heard
 * (Redis away, a message lost) has to be found by looking.
 */
export function orderChanges(o: { redisUrl: string; log: Log }): OrderChanges {
  /** Instances need no names for this, but each hears itself. */
  const self = crypto.randomUUID();
  const redis = createRedis(o.redisUrl, o.log);
  redis.connect().catch(() => {}); // it keeps trying by itself
  let changed = new Set<string>();
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let underWay = 0;
  let heard: Heard | undefined;
  let subscriber: Redis | undefined;

  function tell(): void {
    gathering = undefined;
    const ids = [...changed];
    changed = new Set();
    heard?.(ids);
    if (!redis.isReady || underWay >= mostUnderWay) return;
    underWay++;
    redis
      .publish(channel, `${self} ${ids.join()}`)
      .catch((error) => o.log.debug({ err: error }, "changes were not told"))
      .finally(() => underWay--);
  }

  function onMessage(message: string): void {
    const [from, ids = ""] = message.split(" ");
    if (from !== self) heard?.(ids.split(","));
  }

  /** A connection of its own, there only while somebody listens: without listeners no instance is sent anything. */
  function subscribe(): Redis {
    const client = createRedis(o.redisUrl, o.log);
    client.on("ready", () => {
      // What was said before, or while the connection was broken, was not heard.
      client.subscribe(channel, onMessage).then(
        () => heard?.(undefined),
        (error) => o.log.warn({ err: error }, "not subscribed, until Redis is there again"),
      );
    });
    client.connect().catch(() => {});
    return client;
  }

  function unlisten(): void {
    heard = undefined;
    subscriber?.destroy();
    subscriber = undefined;
  }

  return {
    note(orderId) {
      changed.add(orderId);
      gathering ??= setTimeout(tell, gatherMs);
    },
    listen(listener) {
      heard = listener;
      subscriber ??= subscribe();
      return unlisten;
    },
    async close() {
      clearTimeout(gathering);
      unlisten();
      redis.destroy();
    },
  };
}
