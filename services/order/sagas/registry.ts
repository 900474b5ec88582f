import { invariant } from "@shop/kit/errors/invariant";
import type { Saga, SagaState } from "@shop/kit/saga/definition";
import type { Order } from "../domain/order";
import { cancelOrder, cancelUnpaidOrder } from "./cancel-order";
import { placeOrder, placeUnpaidOrder } from "./place-order";
import { takePayment } from "./take-payment";

const sagas = new Map(
  [placeOrder, placeUnpaidOrder, takePayment, cancelOrder, cancelUnpaidOrder].map((saga) => [saga.name, saga]),
);

/** The saga that an order is in. An order is in one saga at a time; a new one starts when the previous one has ended. */
export function findSaga(state: SagaState): Saga<Order> {
  const saga = sagas.get(state.name);
  invariant(saga, `saga ${state.name} must be registered`);
  return saga;
}
