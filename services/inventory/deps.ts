import type { InternalProduct } from "@shop/contracts/internal-api";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Answer } from "@shop/kit/stores/idempotency";
import type { Decision } from "./domain/decision";
import type { Product, ProductDetails } from "./domain/product";
import type { ProductStock, Stock, StockChanges } from "./domain/stock";

export type StockStore = {
  /**
   * Locks the order and, in the order of their ids, the products it is about or holds; commits what `decide` makes of them
   * together with its messages and the note that `message` was handled.
   * @returns the decision's outcome; undefined if the message was handled before and its answer is sent again
   */
  changeStock<O extends string>(
    message: Message,
    about: { orderId: string; productIds: string[] },
    decide: (stock: Stock) => Decision<O>,
  ): Promise<O | undefined>;
  /**
   * The same for one product alone; for one `request` once, whose answer is given again when it comes again.
   * @throws AppError `product.not_found` (404), see `answerOnce`
   */
  changeProduct<B>(
    productId: string,
    decide: (stock: ProductStock) => StockChanges,
    answer: (after: ProductStock) => Answer<B>,
    request?: IdempotentRequest,
  ): Promise<Answer<B>>;
};

export type ProductPage = { items: Product[]; nextCursor: string | null };

export type ProductStore = {
  /** Creates the product, without stock, or replaces what the catalogue says about it. */
  put(productId: string, details: ProductDetails): Promise<{ product: Product; created: boolean }>;
  find(productId: string): Promise<Product | undefined>;
  /** In the order of ids. `words`: whose names have words that begin so. */
  list(page: { limit: number; after?: string; words?: string[] }): Promise<ProductPage>;
  findMany(productIds: string[]): Promise<InternalProduct[]>;
};

export type Deps = { stock: StockStore; products: ProductStore };
