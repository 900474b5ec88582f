import type { Deps } from "../deps";
import type { Product, ProductDetails } from "../domain/product";

/** Puts a product into the catalogue, or changes what it says. Orders that were placed keep their price. */
export const putProduct = (
  deps: Deps,
  command: ProductDetails & { productId: string },
): Promise<{ product: Product; created: boolean }> => {
  const { productId, ...details } = command;
  return deps.products.put(productId, details);
};
