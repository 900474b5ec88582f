import type { Sql } from "@shop/kit/stores/postgres";
import { catalogue, productIdOf } from "./seed-products";

/** Adds the products that are missing, with their first delivery. What is there already keeps its stock and its price. */
export async function seed(sql: Sql): Promise<void> {
  const rows = catalogue.map((entry, index) => ({ id: productIdOf(index + 1), ...entry }));
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
