import { expect, test } from "bun:test";
import { messages } from "../../services/_contracts/messages";
import type { Draft, Message } from "../../services/_kit/messaging/envelope";
import { advance, hasEnded, newSaga, pendingCommand, type SagaTransition } from "../../services/_kit/saga/engine";
import { decideCancel } from "../../services/order/commands/cancel-order";
import { decideExpiry } from "../../services/order/commands/expire-holds";
import { decideStatus } from "../../services/order/commands/set-status";
import { decideAbandon, decideBegin, decideSettle } from "../../services/order/commands/take-payment";
import { openOrder } from "../../services/order/domain/new-order";
import type { Order } from "../../services/order/domain/order";
import { isLapsed } from "../../services/order/domain/payability";
import { placeUnpaidOrder } from "../../services/order/sagas/place-order";
import { sagaOf } from "../../services/order/sagas/registry";
import { isDue, type Payment } from "../../services/payment/domain/payment";
import { conclude, type Moved, payOrder, proceed, startPaying } from "../../services/payment/sagas/pay-order";

/**
 * An order that is paid for later, with order's and payment's own decisions on both sides, explored in full: from every
 * state that can be reached, everything that can happen next does. A message once sent may arrive at any later moment, any
 * number of times and in any order. So may a wish to cancel, a second payment that somebody begins because an earlier look
 * said they may, the end of the hold by order's clock or by inventory's, a parcel that leaves, and either word of the bank.
 */
type World = {
  order: Pick<SagaTransition<Order>, "aggregate" | "state">;
  payments: Payment[];
  /** Everything ever sent, each kind once: it stays on the way for ever. */
  sent: Sent[];
  /** What order has told each saga last, to be told again. */
  told: Record<string, Sent>;
  stock: "none" | "expiring" | "lapsed" | "pinned" | "sold" | "released" | "refused";
  money: { taken: number; given: number };
  late: boolean;
  wished: boolean;
  wrong?: string;
};
type Sent = { type: string; sagaid?: string; data: unknown };
/** What can happen in it. Not all at once where that would be too much to explore. */
type Shop = { attempts: number; may: ("wish" | "expire" | "rival" | "ship")[] };

const deadline = new Date(900_000);
const price = { amount: 1999, currency: "USD" };
const lamp = { id: "01920000-0000-7000-8000-000000000001", name: "Lamp", price, available: 5 };
const placing = { userId: "u", items: [{ productId: lamp.id, quantity: 1 }], holdExpiresAt: deadline };
const newOrder = openOrder(placing, [lamp], "o", new Date(0));
const clockOf = (world: World) => (world.late ? deadline : new Date(0));
const orderOf = ({ order }: World) => ({ order: order.aggregate, saga: order.state });

/** What an object says, as text. Worlds share the objects that a step does not change. */
const texts = new WeakMap<object, string>();
function textOf(it: object): string {
  const text = texts.get(it) ?? JSON.stringify(it);
  texts.set(it, text);
  return text;
}

function sending(world: World, drafts: Draft[]): World {
  const known = new Set(world.sent.map(textOf));
  const fresh = drafts.map(({ type, sagaid, data }) => ({ type, sagaid, data }));
  return { ...world, sent: [...world.sent, ...fresh.filter((message) => !known.has(textOf(message)))] };
}
function orderMoved(world: World, next: SagaTransition<Order> | undefined): World {
  if (!next) return world;
  const told = next.drafts
    .filter(({ type }) => type === "order.status_changed" || type === "order.payment_refused")
    .map(({ type, sagaid, data }) => [String(sagaid), { type, sagaid, data }] as const);
  const order = { aggregate: next.aggregate, state: next.state };
  return sending({ ...world, order, told: { ...world.told, ...Object.fromEntries(told) } }, next.drafts);
}
const paymentMoved = (world: World, moved: Moved | undefined): World =>
  moved
    ? sending(
        { ...world, payments: world.payments.map((it) => (it.id === moved.payment.id ? moved.payment : it)) },
        moved.drafts,
      )
    : world;

const placed = (): World => {
  const nothing: World = {
    order: { aggregate: newOrder, state: newSaga(placeUnpaidOrder, "place") },
    payments: [],
    sent: [],
    told: {},
    stock: "none",
    money: { taken: 0, given: 0 },
    late: false,
    wished: false,
  };
  return orderMoved(nothing, advance(placeUnpaidOrder, newOrder, nothing.order.state, { kind: "start" }));
};

function orderTakes(world: World, sent: Sent, shop: Shop): World {
  const at = orderOf(world);
  const [message, data] = [sent as Message, sent.data as { orderId: string; paymentId: string; code: string }];
  const mayTryAgain = (order: Order) =>
    (order.refusedPayments?.length ?? 0) < shop.attempts && !isLapsed(order, clockOf(world));
  const taken = (next: SagaTransition<Order> | undefined): World => {
    const last = world.told[String(sent.sagaid)];
    return next ? orderMoved(world, next) : sending(world, last ? [last] : []);
  };
  if (sent.type === "order.begin") return taken(decideBegin(at, data, message, clockOf(world)));
  if (sent.type === "order.settle") return taken(decideSettle(at, data, message));
  if (sent.type === "order.abandon") return taken(decideAbandon(at, data, message, mayTryAgain));
  return orderMoved(world, advance(sagaOf(at.saga), at.order, at.saga, { kind: "message", message }));
}

function paymentTakes(world: World, sent: Sent): World {
  if (sent.type === "payment.void") return voided(world, sent);
  const payment = world.payments.find(({ sagaId }) => sagaId === sent.sagaid);
  return payment ? paymentMoved(world, proceed(payment, { kind: "message", message: sent as Message })) : world;
}

/** An undo is found by the payment's id or its saga's; a void of nothing would leave a stone at payment. */
function voided(world: World, { sagaid, data }: Sent): World {
  const { paymentId } = data as { paymentId?: string };
  const payment = world.payments.find((it) => (paymentId ? it.id === paymentId : it.sagaId === sagaid));
  if (!payment) return { ...world, wrong: "a void of no payment" };
  if (payment.status === "failed" || payment.status === "voided")
    return sending(world, [{ type: "payment.voided", sagaid, data: { orderId: "o", paymentId: payment.id } }]);
  const { taken, given } = world.money;
  const money = payment.status === "completed" ? { taken, given: given + 1 } : world.money;
  const after: Payment = { ...payment, status: "voided", desired: "released", voidSagaId: sagaid };
  return paymentMoved({ ...world, money }, conclude(payment, after));
}

/** Inventory, as it is: see its `decideReservation`. */
function inventoryTakes(world: World, { type, sagaid, data }: Sent, shop: Shop): World {
  const told = (change: string) => [{ type: "inventory.updated", data: { change }, sagaid }];
  const { stock } = world;
  if (type === "order.confirmed") {
    if (stock === "sold" || stock === "released") return world;
    return stock === "pinned" ? { ...world, stock: "sold" } : { ...world, wrong: `confirmed, stock ${stock}` };
  }
  if (type === "inventory.release") return sending({ ...world, stock: "released" }, told("released"));
  if (stock === "released" || stock === "refused") return sending(world, told("rejected"));
  if (stock === "lapsed" && shop.may.includes("rival"))
    return sending({ ...world, stock: "refused" }, told("rejected"));
  const expires = (data as { expiresAt?: string }).expiresAt !== undefined;
  if (stock === "none" || stock === "lapsed")
    return sending({ ...world, stock: expires ? "expiring" : "pinned" }, told("reserved"));
  return sending({ ...world, stock: stock === "expiring" && !expires ? "pinned" : stock }, told("reserved"));
}

function received(world: World, sent: Sent, shop: Shop): World {
  const queues: readonly string[] = messages[sent.type as keyof typeof messages].to;
  let now = world;
  if (queues.includes("order")) now = orderTakes(now, sent, shop);
  if (queues.includes("payment")) now = paymentTakes(now, sent);
  if (queues.includes("inventory")) now = inventoryTakes(now, sent, shop);
  return now;
}

/** What POST /payments/process does, its look at the order having been true at some time. */
function pays(world: World): World {
  const mayHaveLooked = world.order.aggregate.status !== "pending";
  const hasLive = world.payments.some(({ status }) => status === "pending" || status === "completed");
  if (!mayHaveLooked || hasLive || world.payments.length === 2) return world;
  const n = world.payments.length + 1;
  const begun = startPaying({
    id: `p${n}`,
    orderId: "o",
    userId: "u",
    sagaId: `s${n}`,
    provider: "stripe",
    amount: newOrder.total,
    status: "pending",
    desired: "captured",
    observed: "nothing",
  });
  const payment = { ...begun.payment, attempts: 0, createdAt: new Date(0), updatedAt: new Date(0) };
  return sending({ ...world, payments: [...world.payments, payment] }, begun.drafts);
}

/** Payment takes the money of what is due, or is told no. */
function bankSays(world: World, yes: boolean): World {
  const due = world.payments.find((payment) => isDue(payment));
  if (!due) return world;
  const { status, payment } = world.order.aggregate;
  if (status !== "paying" || payment?.id !== due.id) return { ...world, wrong: `charged while ${status}` };
  const money = yes ? { ...world.money, taken: world.money.taken + 1 } : world.money;
  const after: Payment = { ...due, status: yes ? "completed" : "failed", ...(!yes && { failureCode: "no" }) };
  return paymentMoved({ ...world, money }, conclude(due, after));
}

const expired = (world: World) => orderMoved(world, decideExpiry(orderOf(world), "expire", clockOf(world)));

const refusal = (work: () => World): World | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** All that can happen next. A message that throws would be a dead letter: that, nobody may be spared. */
function nexts(world: World, shop: Shop): World[] {
  const wish = () => orderMoved({ ...world, wished: true }, decideCancel(orderOf(world), "cancel", new Date(0)));
  const ship = () => orderMoved(world, decideStatus(orderOf(world), { status: "shipped" }));
  const lapse = (): World => (world.stock === "expiring" ? { ...world, stock: "lapsed" } : world);
  const may = (what: Shop["may"][number]) => shop.may.includes(what);
  return [
    ...world.sent.map((message) => received(world, message, shop)),
    may("wish") ? refusal(wish) : undefined,
    may("ship") ? refusal(ship) : undefined,
    may("rival") ? lapse() : undefined,
    pays(world),
    bankSays(world, true),
    bankSays(world, false),
    may("expire") ? { ...world, late: true } : undefined,
    expired(world),
  ].filter((next) => next !== undefined);
}

const keyOf = ({ order, payments, sent, told, stock, money, late, wished, wrong }: World): string =>
  [
    ...[textOf(order.aggregate), textOf(order.state), ...payments.map(textOf), ...sent.map(textOf).toSorted()],
    ...[...Object.values(told).map(textOf), stock, money.taken, money.given, late, wished, wrong],
  ].join("\n");

function everyWorld(shop: Shop): World[] {
  const seen = new Map<string, World>();
  const open = [placed()];
  for (let world = open.pop(); world; world = open.pop()) {
    const key = keyOf(world);
    if (seen.has(key)) continue;
    seen.set(key, world);
    if (!world.wrong) open.push(...nexts(world, shop));
  }
  return [...seen.values()];
}

/** What happens without anybody's doing: messages arrive, the bank answers, sweeps look. */
const carriedOn = (world: World, shop: Shop, bank: boolean): World =>
  expired(
    bankSays(
      world.sent.reduce((now, message) => received(now, message, shop), world),
      bank,
    ),
  );

function atRest(world: World, shop: Shop, bank: boolean, known: Map<string, World>): World {
  const key = keyOf(world);
  const before = known.get(key);
  if (before) return before;
  const after = carriedOn(world, shop, bank);
  const rest = keyOf(after) === key ? after : atRest(after, shop, bank, known);
  known.set(key, rest);
  return rest;
}

/** The same where every message on its way was lost: what is left is what the sweeps ask again. */
function atRestByAskingAgain(world: World, shop: Shop, bank: boolean): World {
  let before = world;
  for (let turn = 0; turn < 12; turn++) {
    const { aggregate, state } = before.order;
    const asked = [
      pendingCommand(sagaOf(state), aggregate, state),
      ...before.payments.map((payment) => payment.saga && pendingCommand(payOrder, payment, payment.saga)),
    ].filter((draft) => draft !== undefined);
    before = carriedOn(sending(before, asked), shop, bank);
  }
  return before;
}

const isPaid = (order: Order) => order.status === "confirmed" || order.status === "shipped";

/** What must never be, at any moment. */
function wrongs({ order, payments, money, wished, wrong }: World): string[] {
  const { aggregate, state } = order;
  const held = money.taken - money.given;
  const paying = payments.find(({ id }) => id === aggregate.payment?.id);
  return [
    wrong !== undefined && wrong,
    money.taken > 1 && "charged twice",
    held < 0 && "gave back more than it took",
    isPaid(aggregate) && (held !== 1 || paying?.status !== "completed") && `${aggregate.status} and not paid for`,
    aggregate.status === "confirmed" && wished && "confirmed against its owner's wish",
    aggregate.status === "cancelled" && held !== 0 && "cancelled, and the money kept",
    aggregate.status === "cancelled" && !hasEnded(state) && "cancelled, and its saga goes on",
    aggregate.status === "awaiting_payment" && held !== 0 && "waits for money that was taken",
  ].filter((it) => it !== false);
}

const stuck = ({ order, payments }: World): string[] => [
  ...(hasEnded(order.state) ? [] : [`order stuck in ${order.state.name} at ${order.state.step}`]),
  ...payments.flatMap(({ id, saga }) => (saga && !hasEnded(saga) ? [`${id} stuck at ${saga.step}`] : [])),
  ...payments.flatMap(({ id, status }) => (status === "pending" ? [`${id} left pending`] : [])),
];

/** What must not be once every message has arrived. */
function wrongsAtRest(world: World): string[] {
  const { order, stock, money, wished, late } = world;
  const { status } = order.aggregate;
  const waits = status === "awaiting_payment";
  return [
    ...stuck(world),
    ...[
      waits && (late || wished) && "waits in vain",
      waits && !["expiring", "lapsed", "refused", "pinned"].includes(stock) && `waits, stock ${stock}`,
      !waits && !isPaid(order.aggregate) && status !== "cancelled" && `left ${status}`,
      isPaid(order.aggregate) && stock !== "sold" && `${status}, stock ${stock}`,
      status === "cancelled" && stock !== "released" && stock !== "refused" && `cancelled, stock ${stock}`,
      !isPaid(order.aggregate) && money.taken !== money.given && `${status}, and the money kept`,
    ].filter((it) => it !== false),
  ];
}

const unique = (list: string[]) => [...new Set(list)];

const ends = ["awaiting_payment", "cancelled", "confirmed"];
test.each<{ shop: Shop; ends: string[] }>([
  { shop: { attempts: 1, may: ["wish", "expire", "ship"] }, ends: [...ends, "shipped"] },
  { shop: { attempts: 1, may: ["wish", "expire", "rival"] }, ends },
  { shop: { attempts: 2, may: ["wish", "expire", "rival"] }, ends },
])("cancel × expiry × every step of paying, with duplicates and delays: %j", ({ shop, ends }) => {
  const worlds = everyWorld(shop);
  expect(worlds.length).toBeGreaterThan(1_000);
  expect(unique(worlds.flatMap(wrongs))).toEqual([]);
  const silent = [...new Map(worlds.map((world) => ({ ...world, sent: [] })).map((it) => [keyOf(it), it])).values()];
  for (const bank of [true, false]) {
    const known = new Map<string, World>();
    const rests = worlds.map((world) => atRest(world, shop, bank, known));
    expect(unique(rests.flatMap(wrongsAtRest))).toEqual([]);
    expect(unique(rests.map((world) => world.order.aggregate.status)).toSorted()).toEqual(ends);
    const asked = silent.map((world) => atRestByAskingAgain(world, shop, bank));
    expect(unique(asked.flatMap((world) => [...stuck(world), ...wrongs(world)]))).toEqual([]);
  }
});
