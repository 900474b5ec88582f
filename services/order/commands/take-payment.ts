import type { DataFor, MessageType } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance, hasEnded, newSaga, type SagaTransition } from "@shop/kit/saga/engine";
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

/** What payment is answered. Order has no inbox: who asks again is told again what it was told last. */
const answers: MessageType[] = ["order.status_changed", "order.payment_refused"];

async function take(
  deps: Deps,
  { orderId }: Command,
  { type, sagaid }: Message,
  decide: (at: At) => SagaTransition<Order> | undefined,
): Promise<void> {
  const isAnswer = (at: At) => type !== "order.begin" && isUnderWay(at, sagaid);
  let isNews = false;
  const stored = await changeOrder(
    deps,
    orderId,
    (at) => {
      const next = at && decide(at);
      isNews = next !== undefined;
      return next;
    },
    isAnswer,
  );
  if (!stored) return deps.log.warn({ orderId }, "a payment of an order that does not exist");
  if (!isNews && sagaid) deps.store.tellAgain(stored, answers, sagaid);
}

/** @returns undefined where the saga that asks was heard before */
export function decideBegin(
  at: At,
  { paymentId }: Command,
  { sagaid }: Pick<Message, "sagaid">,
  now: Date,
): SagaTransition<Order> | undefined {
  const { order } = at;
  const isHeard = at.saga.id === sagaid || order.payment?.id === paymentId;
  if (isHeard || order.refusedPayments?.includes(paymentId)) return undefined;
  const refusal = paymentRefusal(order, now);
  if (refusal) return refuse(at, paymentId, refusal, sagaid);
  const paid: Order = { ...order, payment: { id: paymentId, status: "pending" } };
  return advance(saga, paid, newSaga(saga, sagaid as string), { kind: "start" });
}

export function decideSettle(at: At, { paymentId }: Command, message: Message): SagaTransition<Order> | undefined {
  const { order } = at;
  if (isUnderWay(at, message.sagaid)) return advance(saga, order, at.saga, { kind: "message", message });
  // Money that the order knows nothing of must not pass for settled: somebody has to look.
  if (order.payment?.id !== paymentId) throw new Error(`order ${order.id} is not paid by payment ${paymentId}`);
  return undefined;
}

export function decideAbandon(
  at: At,
  { paymentId, code }: DataFor<"order.abandon">,
  message: Message,
  mayTryAgain: (order: Order) => boolean,
): SagaTransition<Order> | undefined {
  if (at.order.refusedPayments?.includes(paymentId)) return undefined;
  // Before it was begun: it never will be.
  if (!isUnderWay(at, message.sagaid)) return refuse(at, paymentId, code, message.sagaid);
  const next = advance(saga, at.order, at.saga, { kind: "message", message });
  if (!next || at.saga.abort || !mayTryAgain(next.aggregate)) return next;
  // Its stock stays pinned: from here on, too, order alone decides when its time is over.
  return {
    aggregate: moveTo(next.aggregate, "awaiting_payment"),
    state: { ...at.saga, status: "compensated", failure: { step: "payment", code } },
    drafts: [{ ...statusChanged(at.order, "paying", "awaiting_payment"), sagaid: message.sagaid }],
    outcomes: [{ step: "payment", outcome: "rejected", code }],
  };
}

const isUnderWay = ({ saga: state }: At, sagaId: string | undefined): boolean =>
  state.name === saga.name && state.id === sagaId && !hasEnded(state);

/** It is remembered, so that nothing of this payment that comes late can begin it. */
function refuse({ order, saga: state }: At, paymentId: string, code: string, sagaid?: string): SagaTransition<Order> {
  const refusedPayments = [...(order.refusedPayments ?? []), paymentId];
  const drafts = [{ ...refused(order, paymentId, code), sagaid }];
  return { aggregate: { ...order, refusedPayments }, state, drafts, outcomes: [] };
}
