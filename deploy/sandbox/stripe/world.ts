import type { Clock } from "../clock";
import { createIdempotency, type Idempotency } from "./api/idempotency";
import { createLedger, type Ledger } from "./ledger";
import type { Charge, Dispute, Intent, Refund } from "./types";
import type { Webhooks } from "./webhooks/webhooks";

/** Objects of one type by id, and their ids in order of creation. Lists show the newest first. */
export type Table<T> = { byId: Map<string, T>; ids: string[] };

const createTable = <T>(): Table<T> => ({ byId: new Map(), ids: [] });

export function put<T extends { id: string }>(table: Table<T>, row: T): T {
  if (!table.byId.has(row.id)) table.ids.push(row.id);
  table.byId.set(row.id, row);
  return row;
}

type State = {
  intents: Table<Intent>;
  /** Intent ids by `metadata.paymentId`, so that a search stays fast after millions of orders. */
  intentsByPayment: Map<string, string[]>;
  charges: Table<Charge>;
  refunds: Table<Refund>;
  disputes: Table<Dispute>;
  ledger: Ledger;
  idempotency: Idempotency;
  /** The delay until a search finds a new intent. At Stripe it is usually under a minute; 0 means no delay. */
  searchDelaySeconds: number;
};

/** The state of the simulated Stripe. It is kept in memory and lost on restart. */
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
