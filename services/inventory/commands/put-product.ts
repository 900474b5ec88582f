import type { Deps } from "../deps";
import type { Product, ProductDetails } from "../domain/product";

/** Creates a product or replaces its details. Orders that are already placed keep their prices. */
export const putProduct = (
  deps: Deps,
  command: ProductDetails & { productId: string },
): Promise<{ product: Product; created: boolean }> => {
  const { productId, ...details } = command;
  return deps.products.put(productId, details);
};
