import { expect, test } from "bun:test";
import { reachableWorlds, runToRest, runWithRetries, withoutMessages } from "./pay-order/explore";
import { unfinished, violations, violationsAtRest } from "./pay-order/invariants";
import type { Limits, World } from "./pay-order/world";

/*
 * Explores every reachable state of an order that is paid later. The decisions are the real code of order and payment;
 * inventory and the payment provider are modelled. Messages may be delayed, duplicated and reordered. At every moment
 * the buyer may cancel, a client may start a second payment, the hold may expire by order's clock or by inventory's,
 * the order may be shipped, and the provider may approve or decline.
 */

const distinct = (texts: string[]) => [...new Set(texts)].toSorted();

const statuses = ["awaiting_payment", "cancelled", "confirmed"];
test.each<{ limits: Limits; statuses: string[] }>([
  { limits: { attempts: 1, allow: ["cancel", "expire", "ship"] }, statuses: [...statuses, "shipped"] },
  { limits: { attempts: 1, allow: ["cancel", "expire", "rival"] }, statuses },
  { limits: { attempts: 2, allow: ["cancel", "expire", "rival"] }, statuses },
])("every interleaving of a payment, a cancellation and an expiry keeps all invariants: %j", ({ limits, statuses }) => {
  const worlds = reachableWorlds(limits);
  expect(worlds.length).toBeGreaterThan(1_000);
  expect(distinct(worlds.flatMap(violations))).toEqual([]);
  const silent = withoutMessages(worlds);
  for (const approved of [true, false]) {
    const known = new Map<string, World>();
    const atRest = worlds.map((world) => runToRest(world, limits, approved, known));
    expect(distinct(atRest.flatMap(violationsAtRest))).toEqual([]);
    expect(distinct(atRest.map(({ order }) => order.aggregate.status))).toEqual(statuses);
    const retried = silent.map((world) => runWithRetries(world, limits, approved));
    expect(distinct(retried.flatMap((world) => [...unfinished(world), ...violations(world)]))).toEqual([]);
  }
});
