import { createRedis, type Redis } from "@shop/kit/stores/redis";
import type { Log } from "@shop/kit/telemetry/log";

const channel = "order.changed";
/** Changes are collected for this long and then sent together. */
const batchMs = 50;
/** The limit on messages that Redis has not accepted yet, about as many as one second produces. Further ones are dropped. */
const inFlightMax = 20;

/** Receives the ids of changed orders; undefined if any order may have changed. */
type ChangeListener = (orderIds: string[] | undefined) => void;

export type ChangeFeed = {
  /** Call after an order was written. Cheap: all changes within 50 ms are sent in one message, and no caller waits for it. */
  publish(orderId: string): void;
  /**
   * Reports changes made by this instance and, while Redis is reachable, by the others. One listener at a time.
   * @returns a function that ends the subscription
   */
  subscribe(listener: ChangeListener): () => void;
  close(): Promise<void>;
};

/**
 * Reports to all instances which orders have changed, over Redis pub/sub. It is only an acceleration: a change that is not
 * reported, because a message was lost or Redis is unreachable, must be found by polling.
 */
export function changeFeed(o: { redisUrl: string; log: Log }): ChangeFeed {
  /** Identifies this instance's own messages, because Redis also delivers them to the instance itself. */
  const self = crypto.randomUUID();
  const redis = createRedis(o.redisUrl, o.log);
  redis.connect().catch(() => {}); // the client reconnects by itself
  let changed = new Set<string>();
  let batchTimer: ReturnType<typeof setTimeout> | undefined;
  let inFlight = 0;
  let listener: ChangeListener | undefined;
  let subscriber: Redis | undefined;

  function sendBatch(): void {
    batchTimer = undefined;
    const ids = [...changed];
    changed = new Set();
    listener?.(ids);
    if (!redis.isReady || inFlight >= inFlightMax) return;
    inFlight++;
    redis
      .publish(channel, `${self} ${ids.join()}`)
      .catch((error) => o.log.debug({ err: error }, "order changes not published"))
      .finally(() => inFlight--);
  }

  function onMessage(message: string): void {
    const [from, ids = ""] = message.split(" ");
    if (from !== self) listener?.(ids.split(","));
  }

  /** A connection that exists only while there is a listener: without one, Redis sends this instance nothing. */
  function connectSubscriber(): Redis {
    const client = createRedis(o.redisUrl, o.log);
    client.on("ready", () => {
      client.subscribe(channel, onMessage).then(
        // Messages sent before the subscription, or while the connection was broken, were missed.
        () => listener?.(undefined),
        (error) => o.log.warn({ err: error }, "subscription to order changes failed, retrying on reconnect"),
      );
    });
    client.connect().catch(() => {});
    return client;
  }

  function unsubscribe(): void {
    listener = undefined;
    subscriber?.destroy();
    subscriber = undefined;
  }

  return {
    publish(orderId) {
      changed.add(orderId);
      batchTimer ??= setTimeout(sendBatch, batchMs);
    },
    subscribe(newListener) {
      listener = newListener;
      subscriber ??= connectSubscriber();
      return unsubscribe;
    },
    async close() {
      clearTimeout(batchTimer);
      unsubscribe();
      redis.destroy();
    },
  };
}
