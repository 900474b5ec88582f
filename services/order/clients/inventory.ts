import { type InternalProduct, type InternalProducts, idsMax } from "@shop/contracts/internal-api";
import { batchedLookup } from "@shop/kit/async/batched-lookup";
import type { HttpClient } from "@shop/kit/http/client";

/**
 * Loads products from inventory. Calls made at the same time share a request.
 * @returns the products that exist, in the order of the ids
 * @throws AppError `inventory.unavailable` (503)
 */
export const productLoader = (inventory: HttpClient): ((ids: string[]) => Promise<InternalProduct[]>) =>
  batchedLookup({
    name: "look up products",
    load: async (ids) => (await inventory.get<InternalProducts>(`/internal/products?ids=${ids.join()}`)).items,
    idOf: (product) => product.id,
    idsMax,
  });
