import type { Deps } from "../deps";
import { decideEntry, type StockEntry } from "../domain/correct";
import { productNotFound } from "../domain/product";
import type { ProductStock } from "../domain/stock";

/**
 * Books goods in, or corrects a count by hand.
 * @throws AppError `product.not_found`, and see `decideEntry`
 */
export async function bookStock(deps: Deps, command: StockEntry & { productId: string }): Promise<ProductStock> {
  const after = await deps.stock.changeProduct(command.productId, (stock) => decideEntry(stock, command));
  if (!after) throw productNotFound();
  return after;
}
