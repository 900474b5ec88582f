import type { Sql } from "@shop/kit/stores/postgres";
import { seedProductId, seedProducts } from "./seed-products";

/** Adds missing products with their initial stock. Existing products keep their stock and price. */
export async function seedMissingProducts(sql: Sql): Promise<void> {
  const rows = seedProducts.map((entry, index) => ({ id: seedProductId(index + 1), ...entry }));
  await sql`
    with wanted as (
      select * from jsonb_to_recordset(${sql.json(rows)})
        as it(id uuid, name text, description text, cents bigint, stock int)
    ), added as (
      insert into product (id, name, description, price_amount, currency, on_hand, low_stock_threshold)
      select id, name, description, cents, 'USD', stock, case when stock > 100 then 100 else 0 end from wanted
      on conflict (id) do nothing returning id, on_hand
    )
    insert into stock_movement (product_id, delta, reason) select id, on_hand, 'received' from added where on_hand > 0`;
}
