import type { Payable } from "@shop/contracts/internal-api";
import { type MessageType, messages } from "@shop/contracts/messages";
import { systemClock } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import type { Message } from "@shop/kit/messaging/envelope";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { silentLog } from "@shop/kit/testing/log";
import { testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import type { Deps } from "../deps";
import { stripeGateway } from "../gateways/stripe";
import { migrations } from "../migrate";
import { paymentStore } from "../store/payments";
import { sandboxKey, startSandbox } from "./sandbox";

/** The payment service's insides on a real database, Redis and the sandbox's Stripe. */
export async function testPayments() {
  const [database, sandbox] = await Promise.all([testPostgres("payment", migrations), startSandbox()]);
  const { sql } = database;
  const publisher = createPublisher({ redisUrl: testRedisUrl(5), catalogue: messages, log: silentLog });
  const outbox = postgresOutbox({
    sql,
    source: "payment",
    catalogue: messages,
    publisher,
    clock: systemClock,
    log: silentLog,
  });
  const payables = new Map<string, Payable>();
  const deps: Deps = {
    store: paymentStore(sql, outbox),
    gateways: { stripe: stripeGateway({ secretKey: sandboxKey, apiUrl: sandbox.url }) },
    payableOf: async (orderId) => {
      const payable = payables.get(orderId);
      if (!payable) throw new AppError("order.not_found", { kind: "not_found", public: "There is no such order." });
      return payable;
    },
    waitMs: 5_000,
    seal: async (token) => `sealed(${token})`,
    unseal: async (sealed) => sealed.replace(/^sealed\((.*)\)$/, "$1"),
    clock: systemClock,
    log: silentLog,
  };
  return {
    deps,
    sql,
    sandbox,
    /** An order that may be charged for. */
    newOrder(over: Partial<Payable> = {}): Payable {
      const orderId = Bun.randomUUIDv7();
      const payable = {
        orderId,
        userId: Bun.randomUUIDv7(),
        amount: { amount: 1999, currency: "USD" },
        payable: true,
        ...over,
      };
      payables.set(orderId, payable);
      return payable;
    },
    message(type: MessageType, orderId: string, sagaid: string, data: object = {}): Message {
      return {
        specversion: "1.0",
        id: Bun.randomUUIDv7(),
        type,
        source: "/services/order",
        subject: orderId,
        time: new Date().toISOString(),
        dataschema: `urn:shop:schema:${type}:1`,
        sequence: 1,
        sagaid,
        data: { orderId, ...data },
      };
    },
    /** Types of what was told about an order, in order. */
    async told(orderId: string): Promise<string[]> {
      const rows = await sql<
        { type: string }[]
      >`select body->>'type' as type from outbox where subject = ${orderId} order by seq`;
      return rows.map((row) => row.type);
    },
    /** Lets every lease and pause run out, as time would. */
    letTimePass: () =>
      sql`update payment set lease_until = now() - interval '1 second', next_attempt_at = now() - interval '1 second' where next_attempt_at is not null`,
    async close() {
      await outbox.close();
      await publisher.close();
      await database.drop();
      await sandbox.stop();
    },
  };
}

export type TestPayments = Awaited<ReturnType<typeof testPayments>>;
