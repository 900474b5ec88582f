import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Answer } from "@shop/kit/stores/idempotency";
import type { Deps } from "../deps";
import { decideAdjustment, type StockAdjustment } from "../domain/adjust";
import { type StockLevel, toStockLevel } from "../domain/stock";

export type AdjustStock = StockAdjustment & { productId: string; request: IdempotentRequest | undefined };

/**
 * Adds received or returned units to a product's stock, or corrects a count.
 * @throws AppError `product.not_found` (404), `idempotency.key_reused` (422), `idempotency.in_progress` (409), and
 *   those of `decideAdjustment`
 */
export const adjustStock = (deps: Deps, { request, ...adjustment }: AdjustStock): Promise<Answer<StockLevel>> =>
  deps.stock.changeProduct(
    adjustment.productId,
    (stock) => decideAdjustment(stock, adjustment),
    (after) => ({ status: 200, body: toStockLevel(after) }),
    request,
  );
