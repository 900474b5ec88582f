import { expectStatus } from "../../deploy/local/clients/json-request";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import type { ApiResponse, Order, Product } from "../../deploy/local/clients/shop-api";
import { retryUntilAccepted } from "./retry";
import { type Customer, newCustomer, placeOrder, productsInStock } from "./shop";

/** Eight customers who order every product in turn. The card of every fifth order is declined. */
export type Shoppers = {
  customers: Customer[];
  /**
   * Places orders and retries each until it is accepted.
   * @param concurrency how many orders are placed at the same time
   * @param onPlaced receives the number of orders placed so far by this call
   * @returns the ids of all orders
   */
  placeOrders(count: number, concurrency: number, onPlaced?: (placed: number) => void): Promise<string[]>;
};

type OnResponse = (response: ApiResponse<Order>, tookMs: number) => void;

/** @param onResponse receives every response to `POST /orders`, including those that are retried */
export async function newShoppers(onResponse?: OnResponse): Promise<Shoppers> {
  const customers = await Promise.all(Array.from({ length: 8 }, newCustomer));
  const products = await productsInStock();
  let orderNumber = 0;
  return {
    customers,
    async placeOrders(count, concurrency, onPlaced = () => {}) {
      const ids: string[] = [];
      let left = count;
      const worker = async () => {
        while (left-- > 0) {
          ids.push(await placeNumberedOrder(orderNumber++, customers, products, onResponse));
          onPlaced(ids.length);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
      return ids;
    },
  };
}

async function placeNumberedOrder(
  number: number,
  customers: Customer[],
  products: Product[],
  onResponse?: OnResponse,
): Promise<string> {
  const customer = customers[number % customers.length] as Customer;
  const { id: productId } = products[number % products.length] as Product;
  const card = number % 5 === 4 ? testCards.declined : testCards.approved;
  const idempotencyKey = crypto.randomUUID();
  const send = () => placeOrder(customer, [{ productId, quantity: 1 }], { card, idempotencyKey });
  return expectStatus(await retryUntilAccepted(send, onResponse), 201).id;
}
