import { invalid } from "./api/errors";
import type { Params } from "./api/params";
import * as read from "./api/params";
import { readExpand } from "./intent-params";
import { intentResponse } from "./views/intent";
import type { World } from "./world";

const clause = /^metadata\[(?:'([^']*)'|"([^"]*)")\]:(?:'([^']*)'|"([^"]*)")$/;

/** Searches intents. Of Stripe's query language it supports only `metadata['name']:'value'`, combined with AND. */
export function searchIntents(world: World, params: Params): () => unknown {
  const wanted = parseQuery(read.required(read.text(params, "query"), "query"));
  const paymentId = wanted.find(([name]) => name === "paymentId")?.[1];
  const candidates = paymentId === undefined ? world.intents.ids : (world.intentsByPayment.get(paymentId) ?? []);
  const indexedUntil = world.clock.seconds() - world.searchDelaySeconds;
  const found = candidates
    .map((id) => world.intents.byId.get(id)!)
    .filter((intent) => intent.created <= indexedUntil)
    .filter((intent) => wanted.every(([name, value]) => intent.metadata[name] === value))
    .slice(-(read.integer(params, "limit") ?? 10))
    .reverse();
  const expand = readExpand(params);
  return () => ({
    object: "search_result",
    url: "/v1/payment_intents/search",
    has_more: false,
    next_page: null,
    data: found.map((intent) => intentResponse(world, intent, expand)()),
  });
}

function parseQuery(query: string): (readonly [name: string, value: string])[] {
  return query.split(/\s+AND\s+/i).map((part) => {
    const match = clause.exec(part.trim());
    if (!match) throw invalid(`The sandbox supports only metadata['name']:'value' in a query, not: ${part}`, "query");
    return [match[1] ?? match[2] ?? "", match[3] ?? match[4] ?? ""] as const;
  });
}
