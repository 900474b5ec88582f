import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgEnum, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

export { inbox, outbox, queueState } from "@shop/kit/outbox/schema";
export { idempotencyKey } from "@shop/kit/stores/idempotency-schema";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const product = pgTable(
  "product",
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    description: text().notNull(),
    priceAmount: bigint("price_amount", { mode: "number" }).notNull(),
    currency: text().notNull(),
    /** Always equals the sum of the product's movements. */
    onHand: integer("on_hand").notNull().default(0),
    /** Always equals the sum of the product's pinned holds. Stored, so that it need not be added up for each order. */
    pinned: integer().notNull().default(0),
    lowStockThreshold: integer("low_stock_threshold").notNull().default(0),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (table) => [
    check("product_price", sql`${table.priceAmount} >= 0`),
    check("product_pinned", sql`${table.pinned} >= 0`),
    // The last line of defence against overselling.
    check("product_not_oversold", sql`${table.onHand} >= ${table.pinned}`),
    index("product_words").using("gin", sql`to_tsvector('simple', ${table.name})`),
  ],
);

export const reservationStatus = pgEnum("reservation_status", ["held", "committed", "released"]);

export const reservation = pgTable(
  "reservation",
  {
    orderId: uuid("order_id").notNull(),
    productId: uuid("product_id")
      .notNull()
      .references(() => product.id),
    quantity: integer().notNull(),
    status: reservationStatus().notNull(),
    /** The hold lapses at this time. Null for a pinned hold, which only a commit or a release ends. */
    expiresAt: at("expires_at"),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.productId] }),
    check("reservation_quantity", sql`${table.quantity} > 0`),
    // A covering index for the sum of a product's expiring holds.
    index("reservation_expiring")
      .on(table.productId, table.expiresAt, table.quantity)
      .where(sql`${table.status} = 'held' and ${table.expiresAt} is not null`),
    // For retention. The index is small, because most holds are sold.
    index("reservation_released").on(table.updatedAt).where(sql`${table.status} = 'released'`),
  ],
);

/** Tombstones: orders whose release arrived before their reservation. The late reservation is rejected. */
export const releasedFirst = pgTable(
  "released_first",
  {
    orderId: uuid("order_id").primaryKey(),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (table) => [index("released_first_created_at").on(table.createdAt)],
);

export const movementReason = pgEnum("movement_reason", ["received", "sold", "returned", "corrected"]);

/** Every change of `product.on_hand`. Append-only: the database refuses updates and deletes. */
export const stockMovement = pgTable(
  "stock_movement",
  {
    id: bigint({ mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
    productId: uuid("product_id")
      .notNull()
      .references(() => product.id),
    delta: integer().notNull(),
    reason: movementReason().notNull(),
    orderId: uuid("order_id"),
    at: at("at").notNull().defaultNow(),
  },
  (table) => [
    check("stock_movement_delta", sql`${table.delta} <> 0`),
    index("stock_movement_product").on(table.productId, table.id),
  ],
);
