import type { Messages } from "@shop/contracts/messages";
import { batched } from "@shop/kit/async/batch";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Message } from "@shop/kit/messaging/envelope";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { type Answer, answerOnce } from "@shop/kit/stores/idempotency";
import type { StockStore, StockTarget } from "../deps";
import { applyChanges } from "../domain/apply";
import type { Decision } from "../domain/decision";
import { productNotFound } from "../domain/product";
import type { ProductStock, Stock, StockChanges } from "../domain/stock";
import { type ChangeRequest, type ChangeResult, decideBatch } from "./stock-batch";
import { lockStock, writeStock } from "./stock-rows";

/**
 * Stock in the service's PostgreSQL database. Messages that arrive at the same time share a transaction. Otherwise each
 * order for a popular product would wait for the disk writes of all orders before it.
 */
export function stockStore(outbox: PostgresOutbox<Messages>): StockStore {
  const change = batched<ChangeRequest, ChangeResult>({
    name: "change stock",
    run: (requests) => commitBatch(outbox, requests),
    maxSize: 32,
    maxConcurrent: 1,
  });

  return {
    async changeStock<O extends string>(
      message: Message,
      target: StockTarget,
      decide: (stock: Stock) => Decision<O>,
    ): Promise<O | undefined> {
      const { decision, error } = await change({ message, target, decide });
      if (error !== undefined) throw error;
      return decision?.outcome as O | undefined;
    },

    async changeProduct<B>(
      productId: string,
      decide: (stock: ProductStock) => StockChanges,
      toAnswer: (after: ProductStock) => Answer<B>,
      request?: IdempotentRequest,
    ): Promise<Answer<B>> {
      const answer = await outbox.commit(undefined, async (tx) => {
        const result = await answerOnce(tx, request, async () => {
          const { products } = await lockStock(tx, [], [productId]);
          const before = products[0];
          if (!before) throw productNotFound();
          const changes = decide(before);
          await writeStock(tx, [{ orderId: null, changes }]);
          return toAnswer(applyToProduct(before, changes));
        });
        return { subject: productId, drafts: [], result };
      });
      return answer as Answer<B>;
    },
  };
}

const applyToProduct = (stock: ProductStock, changes: StockChanges): ProductStock =>
  applyChanges({ holds: [], products: [stock], releasedFirst: false }, changes).products[0] as ProductStock;

/** @returns one result for each request; it is empty for a message that was handled before */
async function commitBatch(outbox: PostgresOutbox<Messages>, requests: ChangeRequest[]): Promise<ChangeResult[]> {
  let results = new Map<Message, ChangeResult>();
  await outbox.commitAll(
    requests.map(({ message }) => message),
    async (tx, fresh) => {
      results = await decideBatch(
        tx,
        requests.filter(({ message }) => fresh.includes(message)),
      );
      return requests.flatMap(({ message, target }) => {
        const decision = results.get(message)?.decision;
        return decision
          ? [{ message, subject: target.orderId, drafts: decision.drafts, traceparent: message.traceparent }]
          : [];
      });
    },
  );
  return requests.map(({ message }) => results.get(message) ?? {});
}
