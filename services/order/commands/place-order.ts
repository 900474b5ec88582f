import type { Item } from "@shop/contracts/common";
import { mergeItems } from "@shop/contracts/items";
import { plusSeconds } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import { invariant } from "@shop/kit/errors/invariant";
import { type IdempotentRequest, idempotentRequest, readableScope, rejectReusedKey } from "@shop/kit/idempotency";
import { advance, newSaga } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import { openOrder } from "../domain/new-order";
import type { ShippingAddress } from "../domain/order";
import { ordersCreated } from "../metrics";
import { placeOrder as placeOrderSaga, placeUnpaidOrder } from "../sagas/place-order";

export type PlaceOrder = {
  userId: string;
  items: Item[];
  /** Without a payment method the order waits to be paid for. */
  paymentMethod?: { provider: string; token: string };
  shippingAddress?: ShippingAddress;
  idempotencyKey?: string;
};

/**
 * Accepts an order: stores it with its first messages in one write. Its saga does the rest.
 * @throws AppError see `openOrder`; `order.user_unknown` (403), `idempotency.key_reused` (422), `inventory.unavailable`,
 * `user.unavailable`, `order.too_many_under_way` (503)
 */
export async function placeOrder(deps: Deps, command: PlaceOrder): Promise<StoredOrder> {
  const request = toIdempotentRequest(command);
  const previous = request && (await deps.store.loadByKey(request.scope));
  if (previous) {
    rejectReusedKey(previous.requestHash, request.requestHash);
    return previous.stored;
  }

  // Checked after the key, so that a replayed key gets its order even when the backlog is full.
  if (deps.backlogIsFull())
    throw new AppError("order.too_many_under_way", {
      kind: "unavailable",
      public: "Too many orders are in progress. Please try again in a few seconds.",
      retryAfterSeconds: 5,
    });

  const [userExists, products, paymentMethod] = await Promise.all([
    deps.userExists(command.userId),
    deps.loadProducts(mergeItems(command.items).map((item) => item.productId)),
    seal(deps, command.paymentMethod),
  ]);
  if (!userExists)
    throw new AppError("order.user_unknown", { kind: "forbidden", public: "This account no longer exists." });

  const now = deps.clock.now();
  const holdExpiresAt = paymentMethod ? undefined : plusSeconds(now, deps.holdSeconds);
  const order = openOrder({ ...command, paymentMethod, holdExpiresAt }, products, Bun.randomUUIDv7(), now);
  const saga = paymentMethod ? placeOrderSaga : placeUnpaidOrder;
  const placed = advance(saga, order, newSaga(saga, Bun.randomUUIDv7()), { kind: "start" });
  invariant(placed, "a new saga must start");
  const { stored, requestHash } = await deps.store.insert(placed, request);
  rejectReusedKey(requestHash, request?.requestHash);
  if (stored.order.id === order.id) ordersCreated.inc();
  return stored;
}

async function seal(deps: Deps, method: PlaceOrder["paymentMethod"]) {
  return method && { provider: method.provider, sealedToken: await deps.seal(method.token) };
}

/** Scope and hash are stored for two days: a change to either breaks replays of earlier requests. */
export function toIdempotentRequest(command: PlaceOrder): IdempotentRequest | undefined {
  const { userId, items, paymentMethod, shippingAddress, idempotencyKey } = command;
  return idempotentRequest({
    subject: userId,
    method: "POST",
    route: "/orders",
    key: idempotencyKey,
    request: [items.map(({ productId, quantity }) => [productId, quantity]), paymentMethod, shippingAddress],
    scope: readableScope,
  });
}
