import type { Money } from "@shop/contracts/common";
import { AppError } from "@shop/kit/errors/app-error";

/** What the catalogue says about a product. */
export type ProductDetails = { name: string; description: string; price: Money; lowStockThreshold: number };

/** What anybody may see of it. */
export type Product = { id: string; name: string; description: string; price: Money; available: number };

export const productNotFound = () =>
  new AppError("product.not_found", { kind: "not_found", public: "There is no such product." });
