import type { InternalProducts } from "@shop/contracts/internal-api";
import type { Deps, ProductPage } from "../deps";
import { type Product, productNotFound } from "../domain/product";

/** @throws AppError `product.not_found` */
export async function productOf(deps: Deps, productId: string): Promise<Product> {
  const product = await deps.products.find(productId);
  if (!product) throw productNotFound();
  return product;
}

/** A page of the catalogue. `q` finds products whose names have words that begin like the ones in it. */
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

export async function internalProducts(deps: Deps, ids: string): Promise<InternalProducts> {
  return { items: await deps.products.findMany([...new Set(ids.split(","))]) };
}
