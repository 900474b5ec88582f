import { hasEnded } from "../../../services/_kit/saga/engine";
import type { Order } from "../../../services/order/domain/order";
import type { World } from "./world";

const isPaid = (order: Order) => order.status === "confirmed" || order.status === "shipped";

const violated = (...checks: (string | false)[]): string[] => checks.filter((check) => check !== false);

/** What is wrong in this world. These rules apply at every moment. */
export function violations({ order, payments, money, cancelRequested, violation }: World): string[] {
  const { aggregate, state } = order;
  const { status } = aggregate;
  const kept = money.charges - money.refunds;
  const payment = payments.find(({ id }) => id === aggregate.payment?.id);
  return violated(
    violation !== undefined && violation,
    money.charges > 1 && "charged twice",
    kept < 0 && "refunded more than was charged",
    isPaid(aggregate) && (kept !== 1 || payment?.status !== "completed") && `${status} without a payment`,
    status === "confirmed" && cancelRequested && "confirmed after its owner cancelled it",
    status === "cancelled" && kept !== 0 && "cancelled without a refund",
    status === "cancelled" && !hasEnded(state) && "cancelled before its saga has ended",
    status === "awaiting_payment" && kept !== 0 && "awaits payment after it was charged",
  );
}

/** Sagas that have not ended and payments that are not decided. */
export function unfinished({ order, payments }: World): string[] {
  return [
    ...violated(!hasEnded(order.state) && `saga ${order.state.name} is still at ${order.state.step}`),
    ...payments.flatMap(({ id, saga, status }) =>
      violated(
        saga !== undefined && !hasEnded(saga) && `the saga of ${id} is still at ${saga.step}`,
        status === "pending" && `${id} is still pending`,
      ),
    ),
  ];
}

/** What is wrong in this world. These rules apply after every message has arrived. */
export function violationsAtRest(world: World): string[] {
  const { order, stock, money, cancelRequested, holdExpired } = world;
  const { status } = order.aggregate;
  const waits = status === "awaiting_payment";
  const paid = isPaid(order.aggregate);
  return [
    ...unfinished(world),
    ...violated(
      waits && (holdExpired || cancelRequested) && "awaits payment after it was cancelled or its hold expired",
      waits && !["expiring", "lapsed", "refused", "pinned"].includes(stock) && `awaits payment while stock ${stock}`,
      !waits && !paid && status !== "cancelled" && `still ${status}`,
      paid && stock !== "sold" && `${status} while stock ${stock}`,
      status === "cancelled" && stock !== "released" && stock !== "refused" && `cancelled while stock ${stock}`,
      !paid && money.charges !== money.refunds && `${status} without a refund`,
    ),
  ];
}
