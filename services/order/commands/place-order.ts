import type { Item } from "@shop/contracts/common";
import { mergeItems } from "@shop/contracts/items";
import { plusSeconds } from "@shop/kit/clock";
import { AppError } from "@shop/kit/errors/app-error";
import { advance, newSaga } from "@shop/kit/saga/engine";
import type { Deps, StoredOrder } from "../deps";
import { openOrder } from "../domain/new-order";
import type { ShippingAddress } from "../domain/order";
import { ordersCreated } from "../metrics";
import { placeOrder as placeOrderSaga, placeUnpaidOrder } from "../sagas/place-order";

export type PlaceOrder = {
  userId: string;
  items: Item[];
  /** Without one the order waits to be paid for. */
  paymentMethod?: { provider: string; token: string };
  shippingAddress?: ShippingAddress;
  idempotencyKey?: string;
};

/**
 * Takes an order: stored with its first messages in one write, then moved on by its saga.
 * @throws AppError see `openOrder`; `order.user_unknown` (403), `idempotency.key_reused` (422), `inventory.unavailable`,
 * `user.unavailable`, `order.too_many_under_way` (503)
 */
export async function placeOrder(deps: Deps, command: PlaceOrder): Promise<StoredOrder> {
  const key = command.idempotencyKey === undefined ? undefined : keyOf(command, command.idempotencyKey);
  if (key) {
    const before = await deps.store.loadByKey(key.scope);
    if (before) return sameRequest(before, key.hash);
  }

  // What was taken is taken; its answer above is given again even now.
  if (deps.backlogIsFull())
    throw new AppError("order.too_many_under_way", {
      kind: "unavailable",
      public: "Too many orders are being worked on. Please try again in a moment.",
      retryAfterSeconds: 5,
    });

  const [known, products, paymentMethod] = await Promise.all([
    deps.userExists(command.userId),
    deps.productsOf(mergeItems(command.items).map((item) => item.productId)),
    sealed(deps, command.paymentMethod),
  ]);
  if (!known) throw new AppError("order.user_unknown", { kind: "forbidden", public: "This account no longer exists." });

  const now = deps.clock.now();
  const holdExpiresAt = paymentMethod ? undefined : plusSeconds(now, deps.holdSeconds);
  const order = openOrder({ ...command, paymentMethod, holdExpiresAt }, products, Bun.randomUUIDv7(), now);
  const saga = paymentMethod ? placeOrderSaga : placeUnpaidOrder;
  const placed = advance(saga, order, newSaga(saga, Bun.randomUUIDv7()), { kind: "start" });
  if (!placed) throw new Error("a new saga starts");
  const stored = sameRequest(await deps.store.insert(placed, key), key?.hash);
  if (stored.order.id === order.id) ordersCreated.inc();
  return stored;
}

async function sealed(deps: Deps, method: PlaceOrder["paymentMethod"]) {
  return method && { provider: method.provider, sealedToken: await deps.seal(method.token) };
}

function sameRequest(found: { stored: StoredOrder; keyHash?: string }, hash: string | undefined): StoredOrder {
  if (found.keyHash === hash) return found.stored;
  throw new AppError("idempotency.key_reused", {
    kind: "invalid",
    public: "This Idempotency-Key was used for another request.",
  });
}

/** The key belongs to one user and one route; of the request only a hash is kept. */
function keyOf(command: PlaceOrder, key: string) {
  const { items, paymentMethod, shippingAddress } = command;
  const request = JSON.stringify([items.map((i) => [i.productId, i.quantity]), paymentMethod, shippingAddress]);
  return {
    scope: `${command.userId} POST /orders ${key}`,
    hash: new Bun.CryptoHasher("sha256").update(request).digest("base64url"),
  };
}
