import type { Messages } from "@shop/contracts/messages";
import { batched } from "@shop/kit/async/batch";
import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { Message } from "@shop/kit/messaging/envelope";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { type Answer, answerOnce } from "@shop/kit/stores/idempotency";
import type { TransactionSql } from "@shop/kit/stores/postgres";
import type { StockStore } from "../deps";
import { applied } from "../domain/apply";
import type { Decision } from "../domain/decision";
import { productNotFound } from "../domain/product";
import type { ProductStock, Stock, StockChanges } from "../domain/stock";
import { type LockedStock, lockStock, writeStock } from "./stock-rows";

type Change = {
  message: Message;
  about: { orderId: string; productIds: string[] };
  decide: (stock: Stock) => Decision;
};
/** A decision may throw; that concerns its own message only. */
type Made = { decision?: Decision; error?: unknown };

/**
 * The stock of the service's PostgreSQL database. Commits go through the outbox, so that no change is left untold. Messages
 * that come at the same time share a transaction: one product that everybody wants would otherwise wait for the disk once a buyer.
 */
export function stockStore(outbox: PostgresOutbox<Messages>): StockStore {
  const change = batched<Change, Made>({
    run: (changes) => makeTogether(outbox, changes),
    maxSize: 32,
    maxConcurrent: 1,
  });

  return {
    async changeStock<O extends string>(
      message: Message,
      about: Change["about"],
      decide: (stock: Stock) => Decision<O>,
    ): Promise<O | undefined> {
      const { decision, error } = await change({ message, about, decide });
      if (error !== undefined) throw error;
      return decision?.outcome as O | undefined;
    },

    async changeProduct<B>(
      productId: string,
      decide: (stock: ProductStock) => StockChanges,
      answer: (after: ProductStock) => Answer<B>,
      request?: IdempotentRequest,
    ): Promise<Answer<B>> {
      const answered = await outbox.commit(undefined, async (tx) => {
        const result = await answerOnce(tx, request, async () => {
          const { products } = await lockStock(tx, [], [productId]);
          const before = products[0];
          if (!before) throw productNotFound();
          const changes = decide(before);
          await writeStock(tx, [{ orderId: null, changes }]);
          return answer(after(before, changes));
        });
        return { subject: productId, drafts: [], result };
      });
      return answered as Answer<B>;
    },
  };
}

const after = (stock: ProductStock, changes: StockChanges): ProductStock =>
  applied({ holds: [], products: [stock], releasedFirst: false }, changes).products[0] as ProductStock;

async function makeTogether(outbox: PostgresOutbox<Messages>, changes: Change[]): Promise<Made[]> {
  let made = new Map<Message, Made>();
  await outbox.commitAll(
    changes.map(({ message }) => message),
    async (tx, fresh) => {
      made = await decideInTurn(
        tx,
        changes.filter(({ message }) => fresh.includes(message)),
      );
      return changes.flatMap(({ message, about }) => {
        const decision = made.get(message)?.decision;
        return decision ? [{ message, subject: about.orderId, drafts: decision.drafts }] : [];
      });
    },
  );
  return changes.map(({ message }) => made.get(message) ?? {});
}

/** One after the other on the same locked figures, each seeing what those before it decided. */
async function decideInTurn(tx: TransactionSql, changes: Change[]): Promise<Map<Message, Made>> {
  const made = new Map<Message, Made>();
  if (changes.length === 0) return made;
  const orderIds = changes.map(({ about }) => about.orderId);
  const locked = await lockStock(tx, orderIds, [...new Set(changes.flatMap(({ about }) => about.productIds))]);
  const figures = stockByOrder(locked);
  const writes: { orderId: string; changes: StockChanges }[] = [];
  for (const { message, about, decide } of changes) {
    try {
      const stock = figures.of(about);
      const decision = decide(stock);
      figures.keep(about.orderId, applied(stock, decision.changes));
      writes.push({ orderId: about.orderId, changes: decision.changes });
      made.set(message, { decision });
    } catch (error) {
      made.set(message, { error });
    }
  }
  await writeStock(tx, writes);
  return made;
}

function stockByOrder(locked: LockedStock) {
  const products = new Map(locked.products.map((product) => [product.productId, product]));
  const holds = Map.groupBy(locked.holds, ({ orderId }) => orderId) as Map<string, Stock["holds"]>;
  const releasedFirst = new Set(locked.releasedFirst);
  return {
    of({ orderId, productIds }: Change["about"]): Stock {
      const held = holds.get(orderId) ?? [];
      const ids = new Set([...productIds, ...held.map(({ productId }) => productId)]);
      return {
        holds: held,
        products: [...ids].flatMap((id) => products.get(id) ?? []),
        releasedFirst: releasedFirst.has(orderId),
      };
    },
    keep(orderId: string, stock: Stock): void {
      holds.set(orderId, stock.holds);
      for (const product of stock.products) products.set(product.productId, product);
      if (stock.releasedFirst) releasedFirst.add(orderId);
    },
  };
}
