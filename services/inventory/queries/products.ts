import type { InternalProducts } from "@shop/contracts/internal-api";
import type { Deps, ProductPage } from "../deps";
import { type Product, productNotFound } from "../domain/product";

/** @throws AppError `product.not_found` (404) */
export async function getProduct(deps: Deps, productId: string): Promise<Product> {
  const product = await deps.products.find(productId);
  if (!product) throw productNotFound();
  return product;
}

/** @param query.q up to ten words; selects products whose name contains, for each, a word that begins with it */
export async function listProducts(
  deps: Deps,
  query: { limit: number; cursor?: string; q?: string },
): Promise<ProductPage> {
  const words = query.q
    ?.toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
    ?.slice(0, 10);
  if (query.q !== undefined && !words) return { items: [], nextCursor: null };
  return deps.products.list({ limit: query.limit, after: query.cursor, words });
}

/** @param ids separated by commas; unknown ids are left out */
export async function getInternalProducts(deps: Deps, ids: string): Promise<InternalProducts> {
  return { items: await deps.products.findMany([...new Set(ids.split(","))]) };
}
