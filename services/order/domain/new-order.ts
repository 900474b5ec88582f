import type { Item, Money } from "@shop/contracts/common";
import type { InternalProduct } from "@shop/contracts/internal-api";
import { mergeItems } from "@shop/contracts/items";
import { AppError } from "@shop/kit/errors/app-error";
import type { Order, OrderLine, ShippingAddress } from "./order";

export type OrderRequest = {
  userId: string;
  items: Item[];
  paymentMethod?: { provider: string; sealedToken: string };
  /** Of an order without a payment method: until when it waits to be paid for. */
  holdExpiresAt?: Date;
  shippingAddress?: ShippingAddress;
};

/**
 * A new order at today's prices. Availability is looked at to refuse early what cannot work; the reservation decides.
 * @throws AppError `order.product_unknown`, `order.quantity_too_large`, `order.mixed_currencies`, `order.total_too_large`, `order.total_zero` (422), `order.out_of_stock` (409)
 */
export function openOrder(request: OrderRequest, products: InternalProduct[], id: string, now: Date): Order {
  const byId = new Map(products.map((product) => [product.id, product]));
  const items = mergeItems(request.items).map((item): OrderLine => {
    if (item.quantity > largestQuantity)
      throw refused("quantity_too_large", `At most ${largestQuantity} of a product.`);
    const product = byId.get(item.productId);
    if (!product) throw refused("product_unknown", `There is no product ${item.productId}.`);
    if (product.available < item.quantity)
      throw new AppError("order.out_of_stock", { kind: "conflict", public: `There is not enough of ${product.name}.` });
    return { ...item, name: product.name, unitPrice: product.price };
  });
  return {
    id,
    userId: request.userId,
    status: "pending",
    items,
    total: totalOf(items),
    ...(request.paymentMethod && { paymentMethod: request.paymentMethod }),
    ...(request.holdExpiresAt && { holdExpiresAt: request.holdExpiresAt }),
    ...(request.shippingAddress && { shippingAddress: request.shippingAddress }),
    createdAt: now,
    updatedAt: now,
  };
}

const largestQuantity = 1_000;
/** More than any payment provider takes, in minor units. */
const largestTotal = 99_999_999;

function totalOf(items: OrderLine[]): Money {
  const currency = (items[0] as OrderLine).unitPrice.currency;
  if (items.some((item) => item.unitPrice.currency !== currency))
    throw refused("mixed_currencies", "All products of an order must have one currency.");
  const amount = items.reduce((sum, item) => sum + item.unitPrice.amount * item.quantity, 0);
  if (amount > largestTotal) throw refused("total_too_large", "The order's total is too large.");
  if (amount === 0) throw refused("total_zero", "There is nothing to pay for this order.");
  return { amount, currency };
}

const refused = (code: string, text: string) => new AppError(`order.${code}`, { kind: "invalid", public: text });
