import type { Draft } from "../../../services/_kit/messaging/envelope";
import type { SagaTransition } from "../../../services/_kit/saga/definition";
import { advance, newSaga } from "../../../services/_kit/saga/engine";
import { openOrder } from "../../../services/order/domain/new-order";
import type { Order } from "../../../services/order/domain/order";
import { placeUnpaidOrder } from "../../../services/order/sagas/place-order";
import type { Payment } from "../../../services/payment/domain/payment";
import type { PaymentTransition } from "../../../services/payment/sagas/pay-order";

/** One state of the model: an order that is paid later, its payments, its stock, and everything that was sent. */
export type World = {
  order: Pick<SagaTransition<Order>, "aggregate" | "state">;
  payments: Payment[];
  /** Every message ever sent, each once. It may arrive at any later moment and any number of times. */
  sent: Sent[];
  /** Order's last reply to each saga, which it resends if the saga repeats its command. */
  lastReplies: Record<string, Sent>;
  /** Inventory's hold. `lapsed`: it has expired by inventory's clock. `refused`: other orders took the stock. */
  stock: "none" | "expiring" | "lapsed" | "pinned" | "sold" | "released" | "refused";
  /** How often the payment provider charged and refunded. */
  money: { charges: number; refunds: number };
  /** The hold has expired by order's clock. */
  holdExpired: boolean;
  cancelRequested: boolean;
  /** Something that must never happen has happened on the way to this state. */
  violation?: string;
};
export type Sent = { type: string; sagaid?: string; data: unknown };

/** What may happen in an exploration. All of it together would be too much to explore. */
export type Limits = {
  /** How many payments may fail before the order is cancelled. */
  attempts: number;
  /** `expire`: the hold expires by order's clock. `rival`: by inventory's clock, and other orders take the stock. */
  allow: ("cancel" | "expire" | "rival" | "ship")[];
};

const holdExpiresAt = new Date(900_000);
const price = { amount: 1999, currency: "USD" };
const product = { id: "01920000-0000-7000-8000-000000000001", name: "Lamp", price, available: 5 };
const newOrder = openOrder(
  { userId: "u", items: [{ productId: product.id, quantity: 1 }], holdExpiresAt },
  [product],
  "o",
  new Date(0),
);
export const { total } = newOrder;

export const clockOf = (world: World): Date => (world.holdExpired ? holdExpiresAt : new Date(0));

/** The world directly after the order is placed. */
export function placedWorld(): World {
  const state = newSaga(placeUnpaidOrder, "place");
  const empty: World = {
    order: { aggregate: newOrder, state },
    payments: [],
    sent: [],
    lastReplies: {},
    stock: "none",
    money: { charges: 0, refunds: 0 },
    holdExpired: false,
    cancelRequested: false,
  };
  return withOrder(empty, advance(placeUnpaidOrder, newOrder, state, { kind: "start" }));
}

/** Sends messages that were not sent before. */
export function withSent(world: World, drafts: Draft[]): World {
  const known = new Set(world.sent.map(toText));
  const messages = drafts.map(({ type, sagaid, data }) => ({ type, sagaid, data }));
  return { ...world, sent: [...world.sent, ...messages.filter((message) => !known.has(toText(message)))] };
}

/** Commits a transition of the order and its saga. */
export function withOrder(world: World, transition: SagaTransition<Order> | undefined): World {
  if (!transition) return world;
  const { aggregate, state, drafts } = transition;
  const replies = drafts
    .filter(({ type }) => type === "order.status_changed" || type === "order.payment_refused")
    .map(({ type, sagaid, data }) => [String(sagaid), { type, sagaid, data }] as const);
  const lastReplies = { ...world.lastReplies, ...Object.fromEntries(replies) };
  return withSent({ ...world, order: { aggregate, state }, lastReplies }, drafts);
}

/** Commits a transition of a payment. */
export function withPayment(world: World, transition: PaymentTransition | undefined): World {
  if (!transition) return world;
  const { payment, drafts } = transition;
  return withSent({ ...world, payments: world.payments.map((it) => (it.id === payment.id ? payment : it)) }, drafts);
}

/** The JSON text of objects, cached because worlds share the objects that an event does not change. */
const texts = new WeakMap<object, string>();
function toText(object: object): string {
  const text = texts.get(object) ?? JSON.stringify(object);
  texts.set(object, text);
  return text;
}

/** Two worlds with the same key are the same world; the order in which messages were sent does not matter. */
export function worldKey(world: World): string {
  const { order, payments, sent, lastReplies, stock, money, holdExpired, cancelRequested, violation } = world;
  return [
    ...[toText(order.aggregate), toText(order.state), ...payments.map(toText), ...sent.map(toText).toSorted()],
    ...[...Object.values(lastReplies).map(toText), stock, money.charges, money.refunds],
    ...[holdExpired, cancelRequested, violation],
  ].join("\n");
}
