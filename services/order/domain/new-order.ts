import type { Item, Money } from "@shop/contracts/common";
import type { InternalProduct } from "@shop/contracts/internal-api";
import { mergeItems } from "@shop/contracts/items";
import { AppError } from "@shop/kit/errors/app-error";
import type { Order, OrderLine, ShippingAddress } from "./order";

export type OrderRequest = {
  userId: string;
  items: Item[];
  paymentMethod?: { provider: string; sealedToken: string };
  /** Set if there is no payment method: the order waits until then to be paid for. */
  holdExpiresAt?: Date;
  shippingAddress?: ShippingAddress;
};

const quantityMax = 1_000;
/** Minor units. Payment providers accept no larger amount. */
const totalMax = 99_999_999;

/**
 * A new order at current prices. Availability is checked only to refuse early; the reservation decides.
 * @throws AppError `order.product_unknown`, `order.quantity_too_large`, `order.mixed_currencies`,
 * `order.total_too_large`, `order.total_zero` (422), `order.out_of_stock` (409)
 */
export function openOrder(request: OrderRequest, products: InternalProduct[], id: string, now: Date): Order {
  const byId = new Map(products.map((product) => [product.id, product]));
  const items = mergeItems(request.items).map((item): OrderLine => {
    if (item.quantity > quantityMax)
      throw refused("quantity_too_large", `At most ${quantityMax} units of a product can be ordered.`);
    const product = byId.get(item.productId);
    if (!product) throw refused("product_unknown", `Product ${item.productId} not found.`);
    if (product.available < item.quantity)
      throw new AppError("order.out_of_stock", { kind: "conflict", public: `Not enough stock of ${product.name}.` });
    return { ...item, name: product.name, unitPrice: product.price };
  });
  return {
    id,
    userId: request.userId,
    status: "pending",
    items,
    total: addUp(items),
    ...(request.paymentMethod && { paymentMethod: request.paymentMethod }),
    ...(request.holdExpiresAt && { holdExpiresAt: request.holdExpiresAt }),
    ...(request.shippingAddress && { shippingAddress: request.shippingAddress }),
    createdAt: now,
    updatedAt: now,
  };
}

function addUp(items: OrderLine[]): Money {
  const currency = (items[0] as OrderLine).unitPrice.currency;
  if (items.some((item) => item.unitPrice.currency !== currency))
    throw refused("mixed_currencies", "All products of an order must have the same currency.");
  const amount = items.reduce((sum, item) => sum + item.unitPrice.amount * item.quantity, 0);
  if (amount > totalMax) throw refused("total_too_large", "The order total is too large.");
  if (amount === 0) throw refused("total_zero", "The order total must be greater than zero.");
  return { amount, currency };
}

const refused = (code: string, text: string) => new AppError(`order.${code}`, { kind: "invalid", public: text });
