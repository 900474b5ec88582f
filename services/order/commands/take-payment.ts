import type { DataFor, MessageType } from "@shop/contracts/messages";
import type { Draft, Message } from "@shop/kit/messages";
import { type Advanced, advance, atEnd, newSaga, question } from "@shop/kit/saga";
import type { Deps, StoredOrder } from "../deps";
import { moveTo, type Order } from "../domain/order";
import { isLapsed, paymentRefusal } from "../domain/payability";
import { statusChanged } from "../sagas/place-order";
import { refused, takePayment as saga } from "../sagas/take-payment";
import { changeOrder } from "./change-order";

type At = Pick<StoredOrder, "order" | "saga">;
type Handler<T extends MessageType> = (deps: Deps, command: DataFor<T>, message: Message) => Promise<void>;
type Command = { orderId: string; paymentId: string };

/** Payment asks before it takes money: the order turns to paying, or says why not. Of this and its hold's end one comes first. */
export const beginPayment: Handler<"order.begin"> = (deps, command, message) =>
  take(deps, command, message, (at) => decideBegin(at, command, message, deps.clock.now()));

/** The money is there: the order is confirmed, or the money given back if its owner wants it cancelled. */
export const settlePayment: Handler<"order.settle"> = (deps, command, message) =>
  take(deps, command, message, (at) => decideSettle(at, command, message));

/** No money came: the order is cancelled and its stock goes back, unless another payment may be tried. */
export const abandonPayment: Handler<"order.abandon"> = (deps, command, message) =>
  take(deps, command, message, (at) => {
    const mayTryAgain = (order: Order) =>
      (order.refusedPayments?.length ?? 0) < deps.paymentAttempts && !isLapsed(order, deps.clock.now());
    return decideAbandon(at, command, message, mayTryAgain);
  });

async function take(
  deps: Deps,
  { orderId }: Command,
  { type, sagaid }: Message,
  decide: (at: At) => Advanced<Order> | undefined,
): Promise<void> {
  const isAnswer = (at: At) => type !== "order.begin" && isUnderWay(at, sagaid);
  const stored = await changeOrder(deps, orderId, (at) => at && decide(at), isAnswer);
  if (!stored) deps.log.warn({ orderId }, "a payment of an order that does not exist");
}

export function decideBegin(
  at: At,
  { paymentId }: Command,
  { sagaid }: Pick<Message, "sagaid">,
  now: Date,
): Advanced<Order> | undefined {
  const { order } = at;
  // While its stock is being pinned, the answer is on its way.
  if (isUnderWay(at, sagaid)) {
    const isBegun = at.saga.step === "payment" && at.saga.status === "running";
    return isBegun ? answered(at, question(saga, order, at.saga)) : undefined;
  }
  const isOver = order.refusedPayments?.includes(paymentId);
  const refusal = paymentRefusal(order, now) ?? (isOver ? "order.payment_over" : undefined);
  if (refusal) return refuse(at, paymentId, refusal, sagaid);
  const paid: Order = { ...order, payment: { id: paymentId, status: "pending" } };
  return advance(saga, paid, newSaga(saga, sagaid as string), { kind: "start" });
}

export function decideSettle(at: At, { paymentId }: Command, message: Message): Advanced<Order> | undefined {
  const { order } = at;
  if (isUnderWay(at, message.sagaid)) return advance(saga, order, at.saga, { kind: "message", message });
  // Money that the order knows nothing of must not pass for settled: somebody has to look.
  if (order.payment?.id !== paymentId) throw new Error(`order ${order.id} is not paid by payment ${paymentId}`);
  if (order.status === "cancelling" || order.status === "cancelled")
    return refuse(at, paymentId, order.cancelReason ?? "order.cancelled", message.sagaid);
  return answered(at, { ...statusChanged(order, "paying", "confirmed"), sagaid: message.sagaid });
}

export function decideAbandon(
  at: At,
  { paymentId, code }: DataFor<"order.abandon">,
  message: Message,
  mayTryAgain: (order: Order) => boolean,
): Advanced<Order> | undefined {
  if (!isUnderWay(at, message.sagaid)) return refuse(at, paymentId, code, message.sagaid);
  const next = advance(saga, at.order, at.saga, { kind: "message", message });
  if (!next || at.saga.abort || !mayTryAgain(next.aggregate)) return next;
  // Its stock stays pinned: from here on, too, order alone decides when its time is over.
  return {
    aggregate: moveTo(next.aggregate, "awaiting_payment"),
    state: { ...at.saga, status: "compensated", failure: { step: "payment", code } },
    drafts: [{ ...statusChanged(at.order, "paying", "awaiting_payment"), sagaid: message.sagaid }],
    notes: [{ step: "payment", outcome: "rejected", code }],
  };
}

const isUnderWay = ({ saga: state }: At, sagaId: string | undefined): boolean =>
  state.name === saga.name && state.id === sagaId && !atEnd(state);

const answered = ({ order, saga: state }: At, draft: Draft | undefined): Advanced<Order> | undefined =>
  draft && { aggregate: order, state, drafts: [draft], notes: [] };

/** It is remembered, so that nothing of this payment that comes late can begin it. */
function refuse({ order, saga: state }: At, paymentId: string, code: string, sagaid?: string): Advanced<Order> {
  const before = order.refusedPayments ?? [];
  const refusedPayments = before.includes(paymentId) ? before : [...before, paymentId];
  const drafts = [{ ...refused(order, paymentId, code), sagaid }];
  return { aggregate: { ...order, refusedPayments }, state, drafts, notes: [] };
}
