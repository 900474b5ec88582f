import { expect, test } from "bun:test";
import type { Draft, Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, hasEnded, newSaga } from "@shop/kit/saga/engine";
import { decideCancel } from "../commands/cancel-order";
import { decideStatus } from "../commands/set-status";
import { openOrder } from "../domain/new-order";
import { lamp } from "../testing/order-service";
import { placeOrder } from "./place-order";
import { findSaga } from "./registry";

/**
 * A model check of an order and its participants: from every reachable state, everything that can happen next is tried. A
 * message that was sent may arrive at any later time, any number of times and in any order, so all duplicates, delays and
 * reorderings are covered; so are a cancellation request, shipping, and steps that time out and are compensated or parked.
 */
type World = {
  order: Pick<SagaTransition<ReturnType<typeof openOrder>>, "aggregate" | "state">;
  /** Every message that was sent, without duplicates. A message stays in flight for ever. */
  sent: Sent[];
  payment: { charge: "none" | "held" | "declined" | "voided"; charges: number; refunds: number };
  stock: "none" | "held" | "sold" | "refused" | "released" | "tombstone";
  cancelRequested: boolean;
  timedOut: boolean;
};
type Sent = { type: string; sagaid?: string; data: unknown };
/** How the participants answer. */
type Participants = { hasStock: boolean; cardWorks: boolean };

const now = new Date(0);
const newOrder = openOrder(
  {
    userId: "u",
    items: [{ productId: lamp.id, quantity: 1 }],
    paymentMethod: { provider: "stripe", sealedToken: "x" },
  },
  [lamp],
  "o",
  now,
);

const initialWorld = (): World => {
  const nothing: World = {
    order: { aggregate: newOrder, state: newSaga(placeOrder, "place") },
    sent: [],
    payment: { charge: "none", charges: 0, refunds: 0 },
    stock: "none",
    cancelRequested: false,
    timedOut: false,
  };
  return applied(nothing, advance(placeOrder, newOrder, nothing.order.state, { kind: "start" }));
};

function send(world: World, ...drafts: Draft[]): World {
  const known = new Set(world.sent.map((message) => JSON.stringify(message)));
  const fresh = drafts.map(({ type, sagaid, data }) => ({ type, sagaid, data }));
  return { ...world, sent: [...world.sent, ...fresh.filter((message) => !known.has(JSON.stringify(message)))] };
}

const applied = (world: World, next: SagaTransition<typeof newOrder> | undefined): World =>
  next ? send({ ...world, order: { aggregate: next.aggregate, state: next.state } }, ...next.drafts) : world;

/** The payment service: one charge per saga; a charge after its void is refused; the reply goes to the command's saga. */
function paymentReceives(world: World, { type, sagaid, data }: Sent, participants: Participants): World {
  const event = (name: string, more = {}) => ({ type: `payment.${name}`, data: { paymentId: "p", ...more }, sagaid });
  const { charge, charges, refunds } = world.payment;
  if (type === "payment.charge") {
    if (charge === "none" && participants.cardWorks)
      return send({ ...world, payment: { charge: "held", charges: charges + 1, refunds } }, event("processed"));
    if (charge === "none")
      return send({ ...world, payment: { charge: "declined", charges, refunds } }, event("failed", { code: "no" }));
    return send(
      world,
      charge === "held" ? event("processed") : event(charge === "voided" ? "voided" : "failed", { code: "no" }),
    );
  }
  // A void finds the payment by its saga or by its id. A void that finds none leaves a tombstone and returns no money.
  const finds = sagaid === "place" || (data as { paymentId?: string }).paymentId === "p";
  if (!finds) return send(world, event("voided"));
  if (charge === "held")
    return send({ ...world, payment: { charge: "voided", charges, refunds: refunds + 1 } }, event("voided"));
  const after = charge === "none" ? ("voided" as const) : charge;
  return send({ ...world, payment: { charge: after, charges, refunds } }, event("voided"));
}

/** Inventory: a release before its reservation leaves a tombstone; a confirmation after a release sells nothing. */
function inventoryReceives(world: World, { type, sagaid }: Sent, participants: Participants): World {
  const event = (change: string) => ({ type: "inventory.updated", data: { change }, sagaid });
  const { stock } = world;
  if (type === "order.confirmed") return stock === "held" ? { ...world, stock: "sold" } : world;
  if (type === "inventory.release")
    return send(
      { ...world, stock: stock === "held" || stock === "sold" ? "released" : "tombstone" },
      event("released"),
    );
  if (stock === "none" && participants.hasStock) return send({ ...world, stock: "held" }, event("reserved"));
  if (stock === "none" || stock === "refused") return send({ ...world, stock: "refused" }, event("rejected"));
  return send(world, event(stock === "held" || stock === "sold" ? "reserved" : "rejected"));
}

function receive(world: World, message: Sent, participants: Participants): World {
  const [service, verb] = message.type.split(".");
  if (message.type === "order.confirmed" || verb === "reserve" || verb === "release")
    return inventoryReceives(world, message, participants);
  if (verb === "charge" || verb === "void") return paymentReceives(world, message, participants);
  if (service === "order") return world;
  const { aggregate, state } = world.order;
  return applied(world, advance(findSaga(state), aggregate, state, { kind: "message", message: message as Message }));
}

const unlessRefused = (work: () => World): World | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};
const toOrderAndSaga = (world: World) => ({ order: world.order.aggregate, saga: world.order.state });

/** Everything that can happen next. */
function nextWorlds(world: World, participants: Participants): World[] {
  const { aggregate, state } = world.order;
  const cancel = () => applied({ ...world, cancelRequested: true }, decideCancel(toOrderAndSaga(world), "cancel", now));
  const ship = () => applied(world, decideStatus(toOrderAndSaga(world), { status: "shipped" }));
  const timeOut = () =>
    applied(
      { ...world, timedOut: true },
      advance(findSaga(state), aggregate, state, { kind: "timeout", code: "late" }),
    );
  return [...world.sent.map((message) => () => receive(world, message, participants)), cancel, ship, timeOut]
    .map(unlessRefused)
    .filter((next) => next !== undefined);
}

const keyOf = (world: World) =>
  JSON.stringify({ ...world, sent: world.sent.map((message) => JSON.stringify(message)).toSorted() });

function reachableWorlds(participants: Participants): World[] {
  const seen = new Map<string, World>();
  const open = [initialWorld()];
  for (let world = open.pop(); world; world = open.pop()) {
    if (seen.has(keyOf(world))) continue;
    seen.set(keyOf(world), world);
    open.push(...nextWorlds(world, participants));
  }
  return [...seen.values()];
}

/** The world after every message has arrived, when nothing changes any more. */
function settle(world: World, participants: Participants): World {
  let before = world;
  for (let round = 0; round < 20; round++) {
    const after = before.sent.reduce((now, message) => receive(now, message, participants), before);
    if (keyOf(after) === keyOf(before)) return after;
    before = after;
  }
  throw new Error("the world must settle");
}

/** What must never be true, at any time. */
function violations({ order, payment, cancelRequested }: World): string[] {
  const { status } = order.aggregate;
  return [
    payment.charges > 1 && "charged twice",
    payment.refunds > payment.charges && "refunded more than was charged",
    (status === "confirmed" || status === "shipped") && payment.charge !== "held" && `${status} without a payment`,
    status === "confirmed" && cancelRequested && "confirmed after a cancellation request",
    status === "cancelled" && payment.charge === "held" && "cancelled without a refund",
    status === "cancelled" && !hasEnded(order.state) && "cancelled while its saga continues",
  ].filter((violation) => violation !== false);
}

/** What must not be true after every message has arrived. */
function violationsWhenSettled({ order, payment, stock, cancelRequested }: World): string[] {
  const { status } = order.aggregate;
  const paid = status === "confirmed" || status === "shipped";
  return [
    !hasEnded(order.state) && `stuck at ${order.state.step}`,
    order.state.stuck && "parked although the reply came",
    !paid && status !== "cancelled" && `left ${status}`,
    cancelRequested && !paid && status !== "cancelled" && "not cancelled",
    paid && stock !== "sold" && `${status}, stock ${stock}`,
    status === "cancelled" && (stock === "held" || stock === "sold") && `cancelled, stock ${stock}`,
    status === "cancelled" && payment.charges !== payment.refunds && "cancelled without a refund",
  ].filter((violation) => typeof violation === "string");
}

test.each([
  { participants: { hasStock: true, cardWorks: true }, ends: ["cancelled", "confirmed", "shipped"] },
  { participants: { hasStock: true, cardWorks: false }, ends: ["cancelled"] },
  { participants: { hasStock: false, cardWorks: true }, ends: ["cancelled"] },
])(
  "an order and its cancellation keep all invariants, whatever the sequence of messages: %j",
  ({ participants, ends }) => {
    const worlds = reachableWorlds(participants);
    expect(worlds.length).toBeGreaterThan(20);
    expect(worlds.some((world) => world.cancelRequested)).toBe(true);
    const parkedAt = new Set(worlds.filter(({ order }) => order.state.stuck).map(({ order }) => order.state.step));
    for (const step of ["stock", ...(participants.hasStock ? ["funds"] : [])]) expect(parkedAt).toContain(step);
    expect([...new Set(worlds.flatMap(violations))]).toEqual([]);
    const settled = worlds.map((world) => settle(world, participants));
    expect([...new Set(settled.flatMap(violationsWhenSettled))]).toEqual([]);
    expect(new Set<string>(settled.map((world) => world.order.aggregate.status))).toEqual(new Set(ends));
  },
);
