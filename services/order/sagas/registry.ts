import type { Saga, SagaState } from "@shop/kit/saga/engine";
import type { Order } from "../domain/order";
import { cancelOrder, cancelUnpaidOrder } from "./cancel-order";
import { placeOrder, placeUnpaidOrder } from "./place-order";
import { takePayment } from "./take-payment";

const sagas = new Map(
  [placeOrder, placeUnpaidOrder, takePayment, cancelOrder, cancelUnpaidOrder].map((saga) => [saga.name, saga]),
);

/** The table of the saga that an order is in. It is in one at a time: the next one takes the place of one that has ended. */
export function sagaOf(state: SagaState): Saga<Order> {
  const saga = sagas.get(state.name);
  if (!saga) throw new Error(`there is no saga ${state.name}`);
  return saga;
}
