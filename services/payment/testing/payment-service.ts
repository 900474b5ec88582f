import type { Payable } from "@shop/contracts/internal-api";
import { messages } from "@shop/contracts/messages";
import { systemClock } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { silentLog } from "@shop/kit/testing/log";
import { testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import type { Deps } from "../deps";
import { stripeGateway } from "../gateways/stripe";
import { migrations } from "../migrate";
import { paymentStore } from "../store/payments";
import { paymentActions } from "./payment-actions";
import { sandboxKey, startSandbox } from "./sandbox";

/** The payment service without HTTP and queue consumer, on a real database, Redis and the sandbox's Stripe. */
export async function testPayments() {
  const [database, sandbox] = await Promise.all([testPostgres("payment", migrations), startSandbox()]);
  const { sql } = database;
  const messaging = { redisUrl: testRedisUrl(5), catalogue: messages, log: silentLog };
  const publisher = createPublisher(messaging);
  const outbox = postgresOutbox({ ...messaging, sql, source: "payment", publisher, clock: systemClock });
  const payables = new Map<string, Payable>();
  const deps: Deps = {
    store: paymentStore(sql, outbox),
    gateways: { stripe: stripeGateway({ secretKey: sandboxKey, apiUrl: sandbox.url }) },
    loadPayable: async (orderId) => {
      const payable = payables.get(orderId);
      if (!payable) throw new AppError("order.not_found", { kind: "not_found", public: "Order not found." });
      return payable;
    },
    waitMsMax: 5_000,
    seal: async (token) => `sealed(${token})`,
    unseal: async (sealed) => sealed.replace(/^sealed\((.*)\)$/, "$1"),
    log: silentLog,
  };
  return {
    deps,
    sql,
    sandbox,
    ...paymentActions(deps, sql, sandbox),
    /** Makes the order service report an order that may be charged. */
    newOrder(overrides: Partial<Payable> = {}): Payable {
      const payable = {
        orderId: Bun.randomUUIDv7(),
        userId: Bun.randomUUIDv7(),
        amount: { amount: 1999, currency: "USD" },
        payable: true,
        ...overrides,
      };
      payables.set(payable.orderId, payable);
      return payable;
    },
    async close() {
      await outbox.close();
      await publisher.close();
      await database.drop();
      await sandbox.stop();
    },
  };
}

export type TestPayments = Awaited<ReturnType<typeof testPayments>>;
