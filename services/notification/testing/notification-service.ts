import type { InternalUser } from "@shop/contracts/internal-api";
import type { DataFor, Draft } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import { testClock } from "@shop/kit/testing/clock";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { testMessage } from "@shop/kit/testing/message";
import { testPostgres } from "@shop/kit/testing/stores";
import { emailChannel } from "../channels/email";
import { type RunningDeliveryWorker, startDeliveryWorker } from "../delivery/worker";
import type { DeliveryStore, Deps } from "../deps";
import { migrations } from "../migrate";
import { deliveryStore } from "../store/deliveries";

export const publicUrl = "https://shop.test";
export const from = "Shop <shop@shop.test>";
export const anEmail = () => `ada-${crypto.randomUUID()}@mail.test`;

export const aMessage = ({ type, data, sagaid }: Draft): Message => testMessage(type, data, { sagaid });

export const anOrder = (userId: string): DataFor<"order.confirmed"> => ({
  orderId: Bun.randomUUIDv7(),
  userId,
  items: [{ productId: Bun.randomUUIDv7(), quantity: 2, name: "Mug", unitPrice: { amount: 1999, currency: "USD" } }],
  total: { amount: 3998, currency: "USD" },
});

export const aRefund = (userId: string): DataFor<"payment.refunded"> => ({
  paymentId: Bun.randomUUIDv7(),
  orderId: Bun.randomUUIDv7(),
  userId,
  provider: "stripe",
  amount: { amount: 3998, currency: "USD" },
  refundId: Bun.randomUUIDv7(),
  refunded: { amount: 1999, currency: "USD" },
});

export function anOrderConfirmed(userId: string) {
  const data = anOrder(userId);
  return { data, message: aMessage({ type: "order.confirmed", data }) };
}

type Row = {
  id: string;
  template: string;
  status: string;
  attempts: number;
  recipient: string | null;
  data: unknown;
  error: string;
};

type Options = { capacity?: number; concurrency?: number; deliveries?: DeliveryStore };

/** The notification service without HTTP and queue consumer, on a new database, with a clock that only `advance` moves. */
export async function testNotificationService(smtpUrl: string) {
  const database = await testPostgres("notification", migrations);
  const { sql } = database;
  const clock = testClock();
  const users = new Map<string, InternalUser>();
  const started: { close(): Promise<void> }[] = [];

  const findUser = async (userId: string) => users.get(userId);
  const requestVerification = async (userId: string) => {
    const user = users.get(userId);
    return user && { ...user, token: `token-for-${user.email}`, expiresAt: clock.now().toISOString() };
  };

  const listDeliveries = (userId: string) => sql<Row[]>`
    select id, template, status, attempts, recipient, data, last_error as error from delivery
    where user_id = ${userId} order by id`;

  return {
    clock,
    sql,
    listDeliveries: async (userId: string): Promise<Row[]> => listDeliveries(userId),

    /** Starts a delivery worker. */
    start({ capacity = 50, concurrency = 4, deliveries = deliveryStore(sql) }: Options = {}): Deps & {
      worker: RunningDeliveryWorker;
    } {
      const email = emailChannel({ smtpUrl, from, connections: concurrency });
      const worker = startDeliveryWorker({
        deliveries,
        channels: { email },
        publicUrl,
        clock,
        log: silentLog,
        concurrency,
        capacity,
        // Tests call `sweep` themselves; a timer would interfere with their steps.
        sweepEveryMs: 3_600_000,
      });
      started.push(worker, email);
      return { deliveries, worker, findUser, requestVerification, publicUrl, clock };
    },

    /** @returns the id of a new user */
    aUser(email: string, name = "Ada"): string {
      const id = Bun.randomUUIDv7();
      users.set(id, { id, email, name });
      return id;
    },

    changeEmail(userId: string, email: string) {
      users.set(userId, { id: userId, email, name: "Ada" });
    },

    /** Waits until all deliveries to the user, at least one, have the status. */
    waitForStatus: (userId: string, status: "pending" | "sent" | "failed") =>
      eventually(async () => {
        const rows = await listDeliveries(userId);
        return rows.length > 0 && rows.every((row) => row.status === status) ? rows : undefined;
      }),

    async close() {
      for (const one of started) await one.close();
      await database.drop();
    },
  };
}

export type TestNotificationService = Awaited<ReturnType<typeof testNotificationService>>;
