import type { Clock } from "../clock";
import { createIdempotency, type Idempotency } from "./idempotency";
import { createLedger, type Ledger } from "./ledger";
import type { Charge, Dispute, Intent, Refund } from "./types";
import type { Webhooks } from "./webhooks";

/** Objects of one kind by id, and their ids in the order they were made: lists walk it backwards. */
export type Table<T> = { byId: Map<string, T>; ids: string[] };

const createTable = <T>(): Table<T> => ({ byId: new Map(), ids: [] });

export function put<T extends { id: string }>(table: Table<T>, row: T): T {
  if (!table.byId.has(row.id)) table.ids.push(row.id);
  table.byId.set(row.id, row);
  return row;
}

type State = {
  intents: Table<Intent>;
  /** metadata.paymentId → intents, so that looking one up stays cheap after millions of orders. */
  intentsByPayment: Map<string, string[]>;
  charges: Table<Charge>;
  refunds: Table<Refund>;
  disputes: Table<Dispute>;
  ledger: Ledger;
  idempotency: Idempotency;
  /** Stripe's search lags behind writes, normally under a minute; 0 shows everything at once. */
  searchDelaySeconds: number;
};

/** Everything the pretended Stripe knows. Kept in memory: a restart is a new world. */
export type World = State & { clock: Clock; webhooks: Webhooks; publicUrl: () => string };

const emptyState = (): State => ({
  intents: createTable(),
  intentsByPayment: new Map(),
  charges: createTable(),
  refunds: createTable(),
  disputes: createTable(),
  ledger: createLedger(),
  idempotency: createIdempotency(),
  searchDelaySeconds: 0,
});

export const createWorld = (deps: { clock: Clock; webhooks: Webhooks; publicUrl: () => string }): World => ({
  ...deps,
  ...emptyState(),
});

export function resetWorld(world: World): void {
  Object.assign(world, emptyState());
  world.webhooks.reset();
}
