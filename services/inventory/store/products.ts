import type { Sql } from "@shop/kit/stores/postgres";
import type { ProductStore } from "../deps";
import type { Product } from "../domain/product";

type Row = { id: string; name: string; description: string; amount: string; currency: string; available: number };

const toProduct = ({ amount, currency, ...row }: Row): Product => ({
  ...row,
  price: { amount: Number(amount), currency },
});

/** Products in the service's PostgreSQL database. */
export function productStore(sql: Sql): ProductStore {
  /** The columns of a `Row`. A lapsed hold does not reduce `available`, even before it is released. */
  const columns = sql`
    id, name, description, price_amount as amount, currency,
    greatest(0, on_hand - pinned - (
      select coalesce(sum(quantity), 0) from reservation
      where product_id = product.id and status = 'held' and expires_at is not null and expires_at > now()
    ))::int as available`;

  return {
    async put(productId, { name, description, price, lowStockThreshold }) {
      const [row] = await sql<(Row & { created: boolean })[]>`
        insert into product (id, name, description, price_amount, currency, low_stock_threshold)
        values (${productId}, ${name}, ${description}, ${price.amount}, ${price.currency}, ${lowStockThreshold})
        on conflict (id) do update set name = excluded.name, description = excluded.description,
          price_amount = excluded.price_amount, currency = excluded.currency,
          low_stock_threshold = excluded.low_stock_threshold, updated_at = now()
        returning ${columns}, xmax = 0 as created`;
      const { created, ...product } = row as Row & { created: boolean };
      return { product: toProduct(product), created };
    },

    async find(productId) {
      const [row] = await sql<Row[]>`select ${columns} from product where id = ${productId}`;
      return row && toProduct(row);
    },

    async list({ limit, after, words }) {
      const tsquery = words?.map((word) => `${word}:*`).join(" & ");
      const rows = await sql<Row[]>`
        select ${columns} from product where true
        ${after ? sql`and id > ${after}` : sql``}
        ${tsquery ? sql`and to_tsvector('simple', name) @@ to_tsquery('simple', ${tsquery})` : sql``}
        order by id limit ${limit + 1}`;
      const items = rows.slice(0, limit).map(toProduct);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },

    async findMany(productIds) {
      const rows = await sql<Row[]>`select ${columns} from product where id = any(${productIds}::uuid[]) order by id`;
      return rows.map(toProduct).map(({ id, name, price, available }) => ({ id, name, price, available }));
    },
  };
}
