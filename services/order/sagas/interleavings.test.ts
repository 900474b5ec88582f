import { expect, test } from "bun:test";
import type { Draft, Message } from "@shop/kit/messaging/envelope";
import { advance, hasEnded, newSaga, type SagaTransition } from "@shop/kit/saga/engine";
import { decideCancel } from "../commands/cancel-order";
import { decideStatus } from "../commands/set-status";
import { openOrder } from "../domain/new-order";
import { lamp } from "../testing/order-service";
import { placeOrder } from "./place-order";
import { sagaOf } from "./registry";

/**
 * An order between its participants, explored in full: from every state that can be reached, everything that can happen
 * next does. A message once sent may arrive at any later moment, any number of times and in any order, so all duplicates,
 * delays and overtakings are among the ways; so are a wish to cancel, a parcel that leaves, and steps that are given up on:
 * undone, or parked.
 */
type World = {
  at: Pick<SagaTransition<ReturnType<typeof openOrder>>, "aggregate" | "state">;
  /** Everything ever sent, each kind once: it stays on the way for ever. */
  sent: Sent[];
  payment: { charge: "none" | "held" | "declined" | "voided"; charges: number; refunds: number };
  stock: "none" | "held" | "sold" | "refused" | "released" | "stone";
  wished: boolean;
  timedOut: boolean;
};
type Sent = { type: string; sagaid?: string; data: unknown };
type Shop = { hasStock: boolean; cardWorks: boolean };

const now = new Date(0);
const order = openOrder(
  {
    userId: "u",
    items: [{ productId: lamp.id, quantity: 1 }],
    paymentMethod: { provider: "stripe", sealedToken: "x" },
  },
  [lamp],
  "o",
  now,
);

const placed = (): World => {
  const nothing: World = {
    at: { aggregate: order, state: newSaga(placeOrder, "place") },
    sent: [],
    payment: { charge: "none", charges: 0, refunds: 0 },
    stock: "none",
    wished: false,
    timedOut: false,
  };
  return moved(nothing, advance(placeOrder, order, nothing.at.state, { kind: "start" }));
};

function sending(world: World, ...drafts: Draft[]): World {
  const known = new Set(world.sent.map((message) => JSON.stringify(message)));
  const fresh = drafts.map(({ type, sagaid, data }) => ({ type, sagaid, data }));
  return { ...world, sent: [...world.sent, ...fresh.filter((message) => !known.has(JSON.stringify(message)))] };
}

const moved = (world: World, next: SagaTransition<typeof order> | undefined): World =>
  next ? sending({ ...world, at: { aggregate: next.aggregate, state: next.state } }, ...next.drafts) : world;

/** Payment, as it is: one charge a saga, an undo that wins over a late charge, answers to whoever asked. */
function paymentTakes(world: World, { type, sagaid, data }: Sent, shop: Shop): World {
  const told = (name: string, more = {}) => ({ type: `payment.${name}`, data: { paymentId: "p", ...more }, sagaid });
  const { charge, charges, refunds } = world.payment;
  if (type === "payment.charge") {
    if (charge === "none" && shop.cardWorks)
      return sending({ ...world, payment: { charge: "held", charges: charges + 1, refunds } }, told("processed"));
    if (charge === "none")
      return sending({ ...world, payment: { charge: "declined", charges, refunds } }, told("failed", { code: "no" }));
    return sending(
      world,
      charge === "held" ? told("processed") : told(charge === "voided" ? "voided" : "failed", { code: "no" }),
    );
  }
  // Found by its own saga, or by the payment's id: anything else would leave a stone beside money that is kept.
  const finds = sagaid === "place" || (data as { paymentId?: string }).paymentId === "p";
  if (!finds) return sending(world, told("voided"));
  if (charge === "held")
    return sending({ ...world, payment: { charge: "voided", charges, refunds: refunds + 1 } }, told("voided"));
  const after = charge === "none" ? ("voided" as const) : charge;
  return sending({ ...world, payment: { charge: after, charges, refunds } }, told("voided"));
}

/** Inventory, as it is: a release before the reserve leaves a stone, a confirmation after a release sells nothing. */
function inventoryTakes(world: World, { type, sagaid }: Sent, shop: Shop): World {
  const told = (change: string) => ({ type: "inventory.updated", data: { change }, sagaid });
  const { stock } = world;
  if (type === "order.confirmed") return stock === "held" ? { ...world, stock: "sold" } : world;
  if (type === "inventory.release")
    return sending({ ...world, stock: stock === "held" || stock === "sold" ? "released" : "stone" }, told("released"));
  if (stock === "none" && shop.hasStock) return sending({ ...world, stock: "held" }, told("reserved"));
  if (stock === "none" || stock === "refused") return sending({ ...world, stock: "refused" }, told("rejected"));
  return sending(world, told(stock === "held" || stock === "sold" ? "reserved" : "rejected"));
}

function received(world: World, message: Sent, shop: Shop): World {
  const [service, verb] = message.type.split(".");
  if (message.type === "order.confirmed" || verb === "reserve" || verb === "release")
    return inventoryTakes(world, message, shop);
  if (verb === "charge" || verb === "void") return paymentTakes(world, message, shop);
  if (service === "order") return world;
  const { aggregate, state } = world.at;
  return moved(world, advance(sagaOf(state), aggregate, state, { kind: "message", message: message as Message }));
}

const refusal = (work: () => World): World | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};
const storedOf = (world: World) => ({ order: world.at.aggregate, saga: world.at.state });

/** All that can happen next. */
function nexts(world: World, shop: Shop): World[] {
  const { aggregate, state } = world.at;
  const wish = () => moved({ ...world, wished: true }, decideCancel(storedOf(world), "cancel", now));
  const ship = () => moved(world, decideStatus(storedOf(world), { status: "shipped" }));
  const giveUp = () =>
    moved({ ...world, timedOut: true }, advance(sagaOf(state), aggregate, state, { kind: "timeout", code: "late" }));
  return [...world.sent.map((message) => () => received(world, message, shop)), wish, ship, giveUp]
    .map(refusal)
    .filter((next) => next !== undefined);
}

const keyOf = (world: World) =>
  JSON.stringify({ ...world, sent: world.sent.map((message) => JSON.stringify(message)).toSorted() });

function everyWorld(shop: Shop): World[] {
  const seen = new Map<string, World>();
  const open = [placed()];
  for (let world = open.pop(); world; world = open.pop()) {
    if (seen.has(keyOf(world))) continue;
    seen.set(keyOf(world), world);
    open.push(...nexts(world, shop));
  }
  return [...seen.values()];
}

/** The world once every message has arrived and nothing changes any more. */
function atRest(world: World, shop: Shop): World {
  let before = world;
  for (let turn = 0; turn < 20; turn++) {
    const after = before.sent.reduce((now, message) => received(now, message, shop), before);
    if (keyOf(after) === keyOf(before)) return after;
    before = after;
  }
  throw new Error("it never comes to rest");
}

/** What must never be, at any moment. */
function wrongs({ at, payment, wished }: World): string[] {
  const { status } = at.aggregate;
  return [
    payment.charges > 1 && "charged twice",
    payment.refunds > payment.charges && "gave back more than it took",
    (status === "confirmed" || status === "shipped") && payment.charge !== "held" && `${status} and not paid for`,
    status === "confirmed" && wished && "confirmed against its owner's wish",
    status === "cancelled" && payment.charge === "held" && "cancelled, and the money kept",
    status === "cancelled" && !hasEnded(at.state) && "cancelled, and its saga goes on",
  ].filter((wrong) => wrong !== false);
}

/** What must not be once every message has arrived. */
function wrongsAtRest({ at, payment, stock, wished }: World): string[] {
  const { status } = at.aggregate;
  const paid = status === "confirmed" || status === "shipped";
  return [
    !hasEnded(at.state) && `stuck at ${at.state.step}`,
    at.state.stuck && "parked, though answered",
    !paid && status !== "cancelled" && `left ${status}`,
    wished && !paid && status !== "cancelled" && "not cancelled",
    paid && stock !== "sold" && `${status}, stock ${stock}`,
    status === "cancelled" && (stock === "held" || stock === "sold") && `cancelled, stock ${stock}`,
    status === "cancelled" && payment.charges !== payment.refunds && "cancelled, and the money kept",
  ].filter((wrong) => typeof wrong === "string");
}

test.each([
  { shop: { hasStock: true, cardWorks: true }, ends: ["cancelled", "confirmed", "shipped"] },
  { shop: { hasStock: true, cardWorks: false }, ends: ["cancelled"] },
  { shop: { hasStock: false, cardWorks: true }, ends: ["cancelled"] },
])("a cancel before and after every step and answer, with duplicates and delays: %j", ({ shop, ends }) => {
  const worlds = everyWorld(shop);
  expect(worlds.length).toBeGreaterThan(20);
  expect(worlds.some((world) => world.wished)).toBe(true);
  const parkedAt = new Set(worlds.filter(({ at }) => at.state.stuck).map(({ at }) => at.state.step));
  for (const step of ["stock", ...(shop.hasStock ? ["funds"] : [])]) expect(parkedAt).toContain(step);
  expect([...new Set(worlds.flatMap(wrongs))]).toEqual([]);
  const rests = worlds.map((world) => atRest(world, shop));
  expect([...new Set(rests.flatMap(wrongsAtRest))]).toEqual([]);
  expect(new Set<string>(rests.map((world) => world.at.aggregate.status))).toEqual(new Set(ends));
});
