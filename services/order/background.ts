import { messages } from "@shop/contracts/messages";
import { every } from "@shop/kit/async/every";
import type { Lifecycle } from "@shop/kit/lifecycle";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { startRetention } from "@shop/kit/stores/retention";
import type { Db } from "mongodb";
import { expireHolds } from "./commands/expire-holds";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { ordersCollection } from "./store/documents";
import { retentionRules } from "./store/retention";
import { stuckSagas } from "./store/stuck-sagas";

/** Starts what runs without a request: retention, the gauge of parked sagas, hold expiry, and the consumer of the queue. */
export function startBackgroundWork(
  lifecycle: Lifecycle,
  deps: Deps,
  o: { db: Db; redisUrl: string; orderDays?: number },
): void {
  const { clock, log } = deps;
  const { db, redisUrl, orderDays } = o;
  const retention = startRetention({ rules: retentionRules({ db, clock, orderDays }), log });
  lifecycle.use("retention", retention);
  const gauge = stuckSagas({ orders: ordersCollection(db), log });
  lifecycle.use("stuck saga gauge", gauge);
  const holdExpiry = every(1_000, () => expireHolds(deps), log);
  lifecycle.use("hold expiry", holdExpiry);
  const consumer = startConsumer({
    queue: "order",
    catalogue: messages,
    consumers,
    deps,
    redisUrl,
    concurrency: 64,
    log,
  });
  lifecycle.use("consumer", consumer);
}
