import type { Messages } from "@shop/contracts/messages";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import type { Sql } from "@shop/kit/stores/postgres";
import type { PaymentStore } from "../deps";
import { leasedWrites } from "./leased-writes";
import { paymentReads } from "./reads";
import { sagaWrites } from "./saga-writes";

/** Payments in the service's PostgreSQL database. Each change is one transaction that also stores its messages. */
export function paymentStore(sql: Sql, outbox: PostgresOutbox<Messages>): PaymentStore {
  const reads = paymentReads(sql);
  return { ...reads, ...leasedWrites(sql, outbox, reads), ...sagaWrites(outbox) };
}
