import type { Money } from "@shop/contracts/common";
import { AppError } from "@shop/kit/errors/app-error";

/** What an administrator enters about a product. */
export type ProductDetails = { name: string; description: string; price: Money; lowStockThreshold: number };

/** A product as shown to everyone. `price` is that of one unit, `available` the number of units. */
export type Product = { id: string; name: string; description: string; price: Money; available: number };

export const productNotFound = () =>
  new AppError("product.not_found", { kind: "not_found", public: "Product not found." });
