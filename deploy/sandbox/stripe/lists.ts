import { invalid, noSuch } from "./api/errors";
import type { Params } from "./api/params";
import * as read from "./api/params";
import { readExpand } from "./intent-params";
import { viewEvent } from "./views/event";
import { intentResponse } from "./views/intent";
import { viewCharge, viewDispute, viewRefund, viewTransaction } from "./views/money";
import type { World } from "./world";

type List<T> = {
  url: string;
  /** Oldest first. */
  ids: readonly string[];
  rowOf: (id: string, index: number) => T;
  matches?: (row: T) => boolean;
  view: (row: T) => unknown;
};

/** One page, newest first. `limit`, `starting_after` and `created` have the same meaning as in Stripe's API. */
function page<T extends { created: number }>(params: Params, list: List<T>): () => unknown {
  const { url, ids, rowOf, matches = () => true, view } = list;
  const limit = read.integer(params, "limit") ?? 10;
  if (limit < 1 || limit > 100) throw invalid("Limit must be between 1 and 100", "limit", "parameter_invalid_integer");
  const created = createdFilter(params);
  const after = read.text(params, "starting_after");
  const end = after === undefined ? ids.length : ids.lastIndexOf(after);
  if (end < 0) throw noSuch("object", after!, "starting_after", 400);
  const rows: T[] = [];
  for (let index = end - 1; index >= 0 && rows.length <= limit; index -= 1) {
    const row = rowOf(ids[index]!, index);
    if (created(row.created) && matches(row)) rows.push(row);
  }
  const has_more = rows.length > limit;
  return () => ({ object: "list", url, has_more, data: rows.slice(0, limit).map(view) });
}

function createdFilter(params: Params): (created: number) => boolean {
  const given = params.created;
  if (given === undefined) return () => true;
  if (typeof given === "string") return (created) => created === Number(given);
  const bound = (name: string, otherwise: number) => read.integer(given, name) ?? otherwise;
  const [gt, gte, lt, lte] = [bound("gt", -1), bound("gte", 0), bound("lt", Infinity), bound("lte", Infinity)];
  return (created) => created > gt && created >= gte && created < lt && created <= lte;
}

/** Matches rows whose `field` equals the parameter `name`. Without the parameter every row matches. */
function equals<F extends string>(params: Params, name: string, field: F): (row: { [K in F]: string }) => boolean {
  const value = read.text(params, name);
  return (row) => value === undefined || row[field] === value;
}

export function listIntents(world: World, params: Params): () => unknown {
  const { ids, byId } = world.intents;
  const expand = readExpand(params);
  return page(params, {
    url: "/v1/payment_intents",
    ids,
    rowOf: (id) => byId.get(id)!,
    view: (intent) => intentResponse(world, intent, expand)(),
  });
}

export function listRefunds(world: World, params: Params): () => unknown {
  const { ids, byId } = world.refunds;
  const intent = read.text(params, "payment_intent");
  const charge = read.text(params, "charge") ?? (intent && (world.intents.byId.get(intent)?.latestCharge ?? ""));
  return page(params, {
    url: "/v1/refunds",
    ids: charge === undefined ? ids : (world.charges.byId.get(charge)?.refunds ?? []),
    rowOf: (id) => byId.get(id)!,
    view: viewRefund,
  });
}

export function listCharges(world: World, params: Params): () => unknown {
  const { ids, byId } = world.charges;
  const matches = equals(params, "payment_intent", "intent");
  return page(params, { url: "/v1/charges", ids, rowOf: (id) => byId.get(id)!, matches, view: viewCharge });
}

export function listDisputes(world: World, params: Params): () => unknown {
  const { ids, byId } = world.disputes;
  const matches = equals(params, "payment_intent", "intent");
  return page(params, { url: "/v1/disputes", ids, rowOf: (id) => byId.get(id)!, matches, view: viewDispute });
}

export function listTransactions(world: World, params: Params): () => unknown {
  const rows = world.ledger.entries.map((entry) => ({ entry, created: entry.at }));
  const matches = equals(params, "source", "source");
  return page(params, {
    url: "/v1/balance_transactions",
    ids: rows.map(({ entry }) => entry.transaction),
    rowOf: (_, index) => rows[index]!,
    matches: ({ entry }) => matches(entry),
    view: ({ entry }) => viewTransaction(entry),
  });
}

export function listEvents(world: World, params: Params): () => unknown {
  const events = world.webhooks.events();
  return page(params, {
    url: "/v1/events",
    ids: events.map((event) => event.id),
    rowOf: (_, index) => events[index]!,
    matches: equals(params, "type", "type"),
    view: viewEvent,
  });
}
