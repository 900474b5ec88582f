import { invalid, noSuch } from "./errors";
import { expandOf } from "./intent-params";
import type { Params } from "./params";
import * as read from "./params";
import type { Intent } from "./types";
import { intentAnswer } from "./views/intent";
import { viewCharge, viewDispute, viewRefund, viewTransaction } from "./views/money";
import { viewEvent } from "./webhooks";
import type { World } from "./world";

type Row = { created: number };

/** One page, newest first: `limit`, `starting_after` and `created` mean what they mean at Stripe. */
function page<T extends Row>(
  ids: readonly string[],
  rowOf: (id: string, index: number) => T,
  matches: (row: T) => boolean,
  params: Params,
  url: string,
  view: (row: T) => unknown,
): () => unknown {
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

const all = () => true;

export function listIntents(world: World, params: Params): () => unknown {
  const { ids, byId } = world.intents;
  const expand = expandOf(params);
  const view = (intent: Intent) => intentAnswer(world, intent, expand)();
  return page(ids, (id) => byId.get(id)!, all, params, "/v1/payment_intents", view);
}

const clause = /^metadata\[(?:'([^']*)'|"([^"]*)")\]:(?:'([^']*)'|"([^"]*)")$/;

/** Of Stripe's query language only `metadata['name']:'value'`, joined by AND. */
export function searchIntents(world: World, params: Params): () => unknown {
  const query = read.required(read.text(params, "query"), "query");
  const wanted = query.split(/\s+AND\s+/i).map((part) => {
    const match = clause.exec(part.trim());
    if (!match)
      throw invalid(`The sandbox understands only metadata['name']:'value' in a query, not: ${part}`, "query");
    return [match[1] ?? match[2] ?? "", match[3] ?? match[4] ?? ""] as const;
  });
  const paymentId = wanted.find(([name]) => name === "paymentId")?.[1];
  const candidates = paymentId === undefined ? world.intents.ids : (world.intentsByPayment.get(paymentId) ?? []);
  const indexedUntil = world.clock.seconds() - world.searchDelaySeconds;
  const found = candidates
    .map((id) => world.intents.byId.get(id)!)
    .filter((intent) => intent.created <= indexedUntil)
    .filter((intent) => wanted.every(([name, value]) => intent.metadata[name] === value))
    .slice(-(read.integer(params, "limit") ?? 10))
    .reverse();
  const expand = expandOf(params);
  return () => ({
    object: "search_result",
    url: "/v1/payment_intents/search",
    has_more: false,
    next_page: null,
    data: found.map((intent) => intentAnswer(world, intent, expand)()),
  });
}

export function listRefunds(world: World, params: Params): () => unknown {
  const { ids, byId } = world.refunds;
  const intent = read.text(params, "payment_intent");
  const charge = read.text(params, "charge") ?? (intent && (world.intents.byId.get(intent)?.latestCharge ?? ""));
  const among = charge === undefined ? ids : (world.charges.byId.get(charge)?.refunds ?? []);
  return page(among, (id) => byId.get(id)!, all, params, "/v1/refunds", viewRefund);
}

export function listCharges(world: World, params: Params): () => unknown {
  const { ids, byId } = world.charges;
  const intent = read.text(params, "payment_intent");
  const matches = (row: { intent: string }) => intent === undefined || row.intent === intent;
  return page(ids, (id) => byId.get(id)!, matches, params, "/v1/charges", viewCharge);
}

export function listDisputes(world: World, params: Params): () => unknown {
  const { ids, byId } = world.disputes;
  const intent = read.text(params, "payment_intent");
  const matches = (row: { intent: string }) => intent === undefined || row.intent === intent;
  return page(ids, (id) => byId.get(id)!, matches, params, "/v1/disputes", viewDispute);
}

export function listTransactions(world: World, params: Params): () => unknown {
  const rows = world.ledger.entries.map((entry) => ({ entry, created: entry.at }));
  const source = read.text(params, "source");
  return page(
    rows.map(({ entry }) => entry.transaction),
    (_, index) => rows[index]!,
    ({ entry }) => source === undefined || entry.source === source,
    params,
    "/v1/balance_transactions",
    ({ entry }) => viewTransaction(entry),
  );
}

export function listEvents(world: World, params: Params): () => unknown {
  const events = world.webhooks.events();
  const type = read.text(params, "type");
  const ids = events.map((event) => event.id);
  const matches = (event: { type: string }) => type === undefined || event.type === type;
  return page(ids, (_, index) => events[index]!, matches, params, "/v1/events", viewEvent);
}
