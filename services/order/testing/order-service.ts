import { messages } from "@shop/contracts/messages";
import { systemClock } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectMongo } from "@shop/kit/stores/mongo";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { testMessage } from "@shop/kit/testing/message";
import { testMongoUrl, testRedisUrl } from "@shop/kit/testing/stores";
import { continueSaga } from "../commands/continue-saga";
import { type PlaceOrder, placeOrder } from "../commands/place-order";
import { timeOut } from "../commands/time-out";
import type { Deps } from "../deps";
import type { Order } from "../domain/order";
import { changeFeed } from "../live/change-feed";
import { orderStreams } from "../live/streams";
import { createIndexes, type OrderDocument, ordersCollection, queueStateCollection } from "../store/documents";
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
/** A product in another currency. */
export const krone = {
  id: "01920000-0000-7000-8000-000000000003",
  name: "Krone",
  price: { amount: 100, currency: "DKK" },
  available: 9,
};

export const replyLimitSeconds = 600;

/** The order service without its HTTP port, on real stores. `reply` stands in for the other services. */
export async function testOrders(redisUrl = testRedisUrl(4)) {
  const mongoUrl = testMongoUrl("order");
  const { client, db } = connectMongo(mongoUrl, "order-test");
  await createIndexes(db);
  const orders = ordersCollection(db);
  const publisher = createPublisher({ redisUrl, catalogue: messages, log: silentLog });
  const changes = changeFeed({ redisUrl, log: silentLog });
  const store = orderStore({
    db,
    publisher,
    clock: systemClock,
    log: silentLog,
    onWritten: changes.publish,
    replyLimitSeconds,
    giveUp: (orderId, version) => timeOut(deps, orderId, version),
  });
  const live = orderStreams({ loadTimelines: store.loadTimelines, changes, clock: systemClock, log: silentLog });
  const users = new Set<string>();
  const deps: Deps = {
    store,
    live,
    clock: systemClock,
    log: silentLog,
    holdSeconds: 900,
    paymentAttemptsMax: 1,
    seal: async (token) => `sealed(${token})`,
    loadProducts: async (ids) => [lamp, rug, krone].filter((product) => ids.includes(product.id)),
    userExists: async (id) => users.has(id),
    backlogIsFull: () => false,
  };
  return {
    deps,
    mongoUrl,
    db,
    orders,
    loadTimelines: store.loadTimelines,
    /** Waits until the start is complete: a service that starts resends the messages of all orders that it finds. */
    untilStarted: () => eventually(async () => (await queueStateCollection(db).countDocuments()) > 0),
    newUser() {
      const id = Bun.randomUUIDv7();
      users.add(id);
      return id;
    },
    /** A request for one lamp by a new user, paid at once. */
    anOrder(over: Partial<PlaceOrder> = {}): PlaceOrder {
      return {
        userId: this.newUser(),
        items: [{ productId: lamp.id, quantity: 1 }],
        paymentMethod: { provider: "stripe", token: "pm_card_visa" },
        ...over,
      };
    },
    async placed(over: Partial<PlaceOrder> = {}): Promise<Order> {
      return (await placeOrder(deps, this.anOrder(over))).order;
    },
    /** The id of an order that awaits payment. */
    async awaitingPayment(): Promise<string> {
      const { id } = await this.placed({ paymentMethod: undefined });
      await this.reply(id, "inventory.updated", { change: "reserved" });
      return id;
    },
    /** Confirms a placed order by the replies of its participants. */
    async confirm(orderId: string): Promise<void> {
      await this.reply(orderId, "inventory.updated", { change: "reserved" });
      await this.reply(orderId, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    },
    /** Handles an event of another service, as if it came from the queue. It carries the id of the order's current saga. */
    async reply(orderId: string, type: keyof typeof messages, data: object = {}): Promise<Message> {
      const stored = await store.load(orderId);
      const message = testMessage(type, { orderId, ...data }, { subject: orderId, sagaid: stored?.saga.id });
      await continueSaga(deps, { orderId }, message);
      return message;
    },
    document: (orderId: string) => orders.findOne({ _id: orderId }),
    /** Waits until `fits` accepts the order's document. */
    documentWhen(orderId: string, fits: (doc: OrderDocument) => boolean): Promise<OrderDocument> {
      return eventually(async () => {
        const doc = await orders.findOne({ _id: orderId });
        return doc && fits(doc) ? doc : undefined;
      });
    },
    /** Waits until the sweep has nothing to do for the order. */
    documentAtRest(orderId: string): Promise<OrderDocument> {
      return this.documentWhen(orderId, ({ wakeAt }) => wakeAt === undefined);
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
