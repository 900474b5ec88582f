import type { InternalUser } from "@shop/contracts/internal-api";
import type { DataFor, Draft } from "@shop/contracts/messages";
import { createMessage, type Message } from "@shop/kit/messaging/envelope";
import { testClock } from "@shop/kit/testing/clock";
import { silentLog } from "@shop/kit/testing/log";
import { testPostgres } from "@shop/kit/testing/stores";
import { email } from "../channels/email";
import { type Postman, startPostman } from "../delivery/worker";
import type { Deps } from "../deps";
import { migrations } from "../migrate";
import { deliveryStore } from "../store/deliveries";

export const publicUrl = "https://shop.test";
export const from = "Shop <shop@shop.test>";

export const aMessage = (draft: Draft): Message =>
  createMessage(draft, { source: "order", subject: draft.type, sequence: 1, version: 1, now: new Date() });

export const anOrder = (userId: string): DataFor<"order.confirmed"> => ({
  orderId: Bun.randomUUIDv7(),
  userId,
  items: [{ productId: Bun.randomUUIDv7(), quantity: 2, name: "Mug", unitPrice: { amount: 1999, currency: "USD" } }],
  total: { amount: 3998, currency: "USD" },
});

export const aRefund = (userId: string): DataFor<"payment.refunded"> => ({
  ...{ paymentId: Bun.randomUUIDv7(), orderId: Bun.randomUUIDv7(), userId, provider: "stripe" },
  amount: { amount: 3998, currency: "USD" },
  refundId: Bun.randomUUIDv7(),
  refunded: { amount: 1999, currency: "USD" },
});

export type Row = {
  id: string;
  template: string;
  status: string;
  attempts: number;
  recipient: string | null;
  data: unknown;
  error: string;
};

/** Deliveries on a database of their own, a clock that stands still, and as many postmen as a test opens. */
export async function testOffice(smtpUrl: string) {
  const database = await testPostgres("notification", migrations);
  const { sql } = database;
  const clock = testClock();
  const deliveries = deliveryStore(sql);
  const users = new Map<string, InternalUser>();
  const opened: { close(): Promise<void> }[] = [];

  function open(
    o: { room?: number; concurrency?: number; store?: Deps["deliveries"] } = {},
  ): Deps & { postman: Postman } {
    const concurrency = o.concurrency ?? 4;
    const mail = email({ smtpUrl, from, connections: concurrency });
    const store = o.store ?? deliveries;
    const channels = { email: mail };
    const postman = startPostman({
      ...{ deliveries: store, channels, publicUrl, clock, log: silentLog },
      // Only when a test says so: a sweep of its own would come between a test's steps.
      ...{ concurrency, room: o.room ?? 50, sweepEveryMs: 3_600_000 },
    });
    opened.push(postman, mail);
    const findUser = async (userId: string) => users.get(userId);
    const verificationOf = async (userId: string) => {
      const user = users.get(userId);
      return user && { ...user, token: `token-for-${user.email}`, expiresAt: clock.now().toISOString() };
    };
    return { deliveries: store, postman, findUser, verificationOf, publicUrl, clock };
  }

  return {
    clock,
    sql,
    open,
    aUser(email: string, name = "Ada"): string {
      const id = Bun.randomUUIDv7();
      users.set(id, { id, email, name });
      return id;
    },
    rename(userId: string, email: string) {
      users.set(userId, { id: userId, email, name: "Ada" });
    },
    async deliveriesTo(userId: string): Promise<Row[]> {
      return sql<Row[]>`
        select id, template, status, attempts, recipient, data, last_error as error from delivery where user_id = ${userId} order by id`;
    },
    async close() {
      for (const one of opened) await one.close();
      await database.drop();
    },
  };
}

export type TestOffice = Awaited<ReturnType<typeof testOffice>>;
