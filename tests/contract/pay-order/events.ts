import { messages } from "../../../services/_contracts/messages";
import type { Message } from "../../../services/_kit/messaging/envelope";
import type { SagaTransition } from "../../../services/_kit/saga/definition";
import { advance } from "../../../services/_kit/saga/engine";
import { decideAbandon } from "../../../services/order/commands/abandon-payment";
import { decideBegin } from "../../../services/order/commands/begin-payment";
import { decideCancel } from "../../../services/order/commands/cancel-order";
import { decideExpiry } from "../../../services/order/commands/expire-holds";
import { decideStatus } from "../../../services/order/commands/set-status";
import { decideSettle } from "../../../services/order/commands/settle-payment";
import type { Order } from "../../../services/order/domain/order";
import { isLapsed } from "../../../services/order/domain/payability";
import { findSaga } from "../../../services/order/sagas/registry";
import { isDue, type Payment } from "../../../services/payment/domain/payment";
import { conclude, proceed, startPaying } from "../../../services/payment/sagas/pay-order";
import { clockOf, type Limits, type Sent, total, type World, withOrder, withPayment, withSent } from "./world";

const orderAndSaga = ({ order }: World) => ({ order: order.aggregate, saga: order.state });

/** A message arrives at each service that has a queue for it. */
export function receive(world: World, message: Sent, limits: Limits): World {
  const queues: readonly string[] = messages[message.type as keyof typeof messages].to;
  let after = world;
  if (queues.includes("order")) after = receiveInOrder(after, message, limits);
  if (queues.includes("payment")) after = receiveInPayment(after, message);
  if (queues.includes("inventory")) after = receiveInInventory(after, message, limits);
  return after;
}

function receiveInOrder(world: World, sent: Sent, limits: Limits): World {
  const current = orderAndSaga(world);
  const [message, data] = [sent as Message, sent.data as { orderId: string; paymentId: string; code: string }];
  const mayTryAgain = (order: Order) =>
    (order.refusedPayments?.length ?? 0) < limits.attempts && !isLapsed(order, clockOf(world));
  const commit = (transition: SagaTransition<Order> | undefined): World => {
    const lastReply = world.lastReplies[String(sent.sagaid)];
    return transition ? withOrder(world, transition) : withSent(world, lastReply ? [lastReply] : []);
  };
  if (sent.type === "order.begin") return commit(decideBegin(current, data, message, clockOf(world)));
  if (sent.type === "order.settle") return commit(decideSettle(current, data, message));
  if (sent.type === "order.abandon") return commit(decideAbandon(current, data, message, mayTryAgain));
  const { order, saga } = current;
  return withOrder(world, advance(findSaga(saga), order, saga, { kind: "message", message }));
}

function receiveInPayment(world: World, sent: Sent): World {
  if (sent.type === "payment.void") return voidPayment(world, sent);
  const payment = world.payments.find(({ sagaId }) => sagaId === sent.sagaid);
  return payment ? withPayment(world, proceed(payment, { kind: "message", message: sent as Message })) : world;
}

/** A void names its payment, or belongs to the payment's saga. In this model it never arrives before its payment exists. */
function voidPayment(world: World, { sagaid, data }: Sent): World {
  const { paymentId } = data as { paymentId?: string };
  const payment = world.payments.find((it) => (paymentId ? it.id === paymentId : it.sagaId === sagaid));
  if (!payment) return { ...world, violation: "a void without a payment" };
  if (payment.status === "failed" || payment.status === "voided")
    return withSent(world, [{ type: "payment.voided", sagaid, data: { orderId: "o", paymentId: payment.id } }]);
  const { charges, refunds } = world.money;
  const money = payment.status === "completed" ? { charges, refunds: refunds + 1 } : world.money;
  const voided: Payment = { ...payment, status: "voided", desired: "released", voidSagaId: sagaid };
  return withPayment({ ...world, money }, conclude(payment, voided));
}

/** A model of inventory's decisions (reserve, release, commit) for an order with one line. */
function receiveInInventory(world: World, { type, sagaid, data }: Sent, limits: Limits): World {
  const reply = (change: string) => [{ type: "inventory.updated", data: { change }, sagaid }];
  const { stock } = world;
  if (type === "order.confirmed") {
    if (stock === "sold" || stock === "released") return world;
    return stock === "pinned" ? { ...world, stock: "sold" } : { ...world, violation: `confirmed while stock ${stock}` };
  }
  if (type === "inventory.release") return withSent({ ...world, stock: "released" }, reply("released"));
  if (stock === "released" || stock === "refused") return withSent(world, reply("rejected"));
  if (stock === "lapsed" && limits.allow.includes("rival"))
    return withSent({ ...world, stock: "refused" }, reply("rejected"));
  const expires = (data as { expiresAt?: string }).expiresAt !== undefined;
  if (stock === "none" || stock === "lapsed")
    return withSent({ ...world, stock: expires ? "expiring" : "pinned" }, reply("reserved"));
  return withSent({ ...world, stock: stock === "expiring" && !expires ? "pinned" : stock }, reply("reserved"));
}

/** A client sends `POST /payments/process`. Its check that the order can be paid may have been made earlier. */
function startPayment(world: World): World {
  const wasPayable = world.order.aggregate.status !== "pending";
  const hasOpenPayment = world.payments.some(({ status }) => status === "pending" || status === "completed");
  if (!wasPayable || hasOpenPayment || world.payments.length === 2) return world;
  const n = world.payments.length + 1;
  const started = startPaying({
    id: `p${n}`,
    orderId: "o",
    userId: "u",
    sagaId: `s${n}`,
    provider: "stripe",
    amount: total,
    status: "pending",
    desired: "captured",
    observed: "nothing",
  });
  const payment = { ...started.payment, attempts: 0, createdAt: new Date(0), updatedAt: new Date(0) };
  return withSent({ ...world, payments: [...world.payments, payment] }, started.drafts);
}

/** The payment service charges the payment that is due, and the provider approves or declines it. */
export function charge(world: World, approved: boolean): World {
  const due = world.payments.find((payment) => isDue(payment));
  if (!due) return world;
  const { status, payment } = world.order.aggregate;
  if (status !== "paying" || payment?.id !== due.id) return { ...world, violation: `charged while ${status}` };
  const { charges, refunds } = world.money;
  const money = approved ? { charges: charges + 1, refunds } : world.money;
  const after: Payment = approved
    ? { ...due, status: "completed" }
    : { ...due, status: "failed", failureCode: "declined" };
  return withPayment({ ...world, money }, conclude(due, after));
}

/** Order's sweep cancels an order whose hold has expired. */
export const sweepHolds = (world: World): World =>
  withOrder(world, decideExpiry(orderAndSaga(world), "expire", clockOf(world)));

const cancel = (world: World): World =>
  withOrder({ ...world, cancelRequested: true }, decideCancel(orderAndSaga(world), "cancel", new Date(0)));

const ship = (world: World): World => withOrder(world, decideStatus(orderAndSaga(world), { status: "shipped" }));

const lapseHold = (world: World): World => (world.stock === "expiring" ? { ...world, stock: "lapsed" } : world);

/** @returns undefined if the order refuses the request */
function unlessRefused(request: () => World): World | undefined {
  try {
    return request();
  } catch {
    return undefined;
  }
}

/**
 * The worlds after each event that can happen next. An exception while a message is handled fails the test, because the
 * message would become a dead letter.
 */
export function nextWorlds(world: World, limits: Limits): World[] {
  const allows = (event: Limits["allow"][number]) => limits.allow.includes(event);
  return [
    ...world.sent.map((message) => receive(world, message, limits)),
    allows("cancel") ? unlessRefused(() => cancel(world)) : undefined,
    allows("ship") ? unlessRefused(() => ship(world)) : undefined,
    allows("rival") ? lapseHold(world) : undefined,
    startPayment(world),
    charge(world, true),
    charge(world, false),
    allows("expire") ? { ...world, holdExpired: true } : undefined,
    sweepHolds(world),
  ].filter((next) => next !== undefined);
}
