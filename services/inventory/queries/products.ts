import type { InternalProducts } from "@shop/contracts/internal-api";
import type { Deps, ProductPage } from "../deps";
import { type Product, productNotFound } from "../domain/product";

/** @throws AppError `product.not_found` (404) */
export async function getProduct(deps: Deps, productId: string): Promise<Product> {
  const product = await deps.products.find(productId);
  if (!product) throw productNotFound();
  return product;
}

/**
 * A page of products, ordered by id.
 * @param query.q up to ten words, further ones are ignored. Each must be the beginning of a word in the product's name.
 */
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
