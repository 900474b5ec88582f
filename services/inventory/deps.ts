import type { InternalProduct } from "@shop/contracts/internal-api";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Answer } from "@shop/kit/stores/idempotency";
import type { Decision } from "./domain/decision";
import type { Product, ProductDetails } from "./domain/product";
import type { ProductStock, Stock, StockChanges } from "./domain/stock";

/** The order whose stock changes, and the products that it asks for. The store adds the products that it already holds. */
export type StockTarget = { orderId: string; productIds: string[] };

export type StockStore = {
  /**
   * Locks the order and its products, sorted by id, then commits the changes and messages that `decide` returns,
   * together with the inbox entry of `message`.
   * @returns the decision's outcome, or undefined if the message was handled before; its reply is then resent
   */
  changeStock<O extends string>(
    message: Message,
    target: StockTarget,
    decide: (stock: Stock) => Decision<O>,
  ): Promise<O | undefined>;
  /**
   * Locks one product, then commits the changes that `decide` returns. A repeated `request` changes nothing and gets
   * the stored answer.
   * @param toAnswer makes the answer from the product's stock after the changes
   * @throws AppError `product.not_found` (404), and those of `answerOnce`
   */
  changeProduct<B>(
    productId: string,
    decide: (stock: ProductStock) => StockChanges,
    toAnswer: (after: ProductStock) => Answer<B>,
    request?: IdempotentRequest,
  ): Promise<Answer<B>>;
};

export type ProductPage = { items: Product[]; nextCursor: string | null };

export type ProductStore = {
  /** Creates a product without stock, or replaces its details. */
  put(productId: string, details: ProductDetails): Promise<{ product: Product; created: boolean }>;
  find(productId: string): Promise<Product | undefined>;
  /**
   * Ordered by id.
   * @param page.words if given, only products are returned whose name has a word that begins with it, for each of these words
   */
  list(page: { limit: number; after?: string; words?: string[] }): Promise<ProductPage>;
  /** Ordered by id. Unknown ids are left out. */
  findMany(productIds: string[]): Promise<InternalProduct[]>;
};

export type Deps = { stock: StockStore; products: ProductStore };
