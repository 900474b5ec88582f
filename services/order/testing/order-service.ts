import { messages } from "@shop/contracts/messages";
import { systemClock } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectMongo } from "@shop/kit/stores/mongo";
import { silentLog } from "@shop/kit/testing/log";
import { testMongoUrl, testRedisUrl } from "@shop/kit/testing/stores";
import { continueSaga } from "../commands/continue-saga";
import { timeOut } from "../commands/time-out";
import type { Deps } from "../deps";
import { orderChanges } from "../live/change-feed";
import { orderStreams } from "../live/streams";
import { createIndexes, ordersOf } from "../store/documents";
import { orderStore } from "../store/orders";

export const lamp = {
  id: "01920000-0000-7000-8000-000000000001",
  name: "Lamp",
  price: { amount: 1999, currency: "USD" },
  available: 5,
};
export const rug = {
  id: "01920000-0000-7000-8000-000000000002",
  name: "Rug",
  price: { amount: 4500, currency: "USD" },
  available: 9,
};
export const krone = {
  id: "01920000-0000-7000-8000-000000000003",
  name: "Krone",
  price: { amount: 100, currency: "DKK" },
  available: 9,
};

export const answerLimitSeconds = 600;

/** The order service's insides on real stores, with its neighbours' answers in hand. */
export async function testOrders(redisUrl = testRedisUrl(4)) {
  const { client, db } = await connectMongo(testMongoUrl("order"), "order-test");
  await createIndexes(db);
  const publisher = createPublisher({ redisUrl, catalogue: messages, log: silentLog });
  const changes = orderChanges({ redisUrl, log: silentLog });
  const store = orderStore({
    db,
    publisher,
    clock: systemClock,
    log: silentLog,
    changed: changes.note,
    answerLimitSeconds,
    giveUp: (orderId, version) => timeOut(deps, orderId, version),
  });
  const live = orderStreams({ timelinesOf: store.timelinesOf, changes, clock: systemClock, log: silentLog });
  const known = new Set<string>();
  const deps: Deps = {
    store,
    live,
    clock: systemClock,
    log: silentLog,
    holdSeconds: 900,
    paymentAttempts: 1,
    seal: async (token) => `sealed(${token})`,
    productsOf: async (ids) => [lamp, rug, krone].filter((product) => ids.includes(product.id)),
    userExists: async (id) => known.has(id),
    backlogIsFull: () => false,
  };
  return {
    deps,
    db,
    timelinesOf: store.timelinesOf,
    orders: ordersOf(db),
    newUser() {
      const id = Bun.randomUUIDv7();
      known.add(id);
      return id;
    },
    /** An order that is confirmed, as its participants' answers make it. */
    async confirmed(orderId: string): Promise<void> {
      await this.answer(orderId, "inventory.updated", { change: "reserved" });
      await this.answer(orderId, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    },
    /** The answer of another service, as the queue would bring it. */
    async answer(orderId: string, type: keyof typeof messages, data: object = {}): Promise<Message> {
      const stored = await store.load(orderId);
      const message: Message = {
        specversion: "1.0",
        id: Bun.randomUUIDv7(),
        type,
        source: "/services/test",
        subject: orderId,
        time: new Date().toISOString(),
        dataschema: `urn:shop:schema:${type}:1`,
        sequence: 1,
        sagaid: stored?.saga.id,
        data: { orderId, ...data },
      };
      await continueSaga(deps, { orderId }, message);
      return message;
    },
    async close() {
      await live.close();
      await store.close();
      await changes.close();
      await publisher.close();
      await db.dropDatabase();
      await client.close();
    },
  };
}

export type TestOrders = Awaited<ReturnType<typeof testOrders>>;
