import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Answer } from "@shop/kit/stores/idempotency";
import type { Deps } from "../deps";
import { decideEntry, type StockEntry } from "../domain/adjust";
import { type Figures, figuresOf } from "../domain/stock";

export type BookStock = StockEntry & { productId: string; request: IdempotentRequest | undefined };

/**
 * Books goods in, or corrects a count by hand.
 * @throws AppError `product.not_found`, `idempotency.key_reused`, `idempotency.in_progress`, and see `decideEntry`
 */
export const bookStock = (deps: Deps, { request, ...entry }: BookStock): Promise<Answer<Figures>> =>
  deps.stock.changeProduct(
    entry.productId,
    (stock) => decideEntry(stock, entry),
    (after) => ({ status: 200, body: figuresOf(after) }),
    request,
  );
