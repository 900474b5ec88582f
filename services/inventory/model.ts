import { Integer, Money, Uuid } from "@shop/contracts/common";
import { t } from "elysia";

export const ProductParams = t.Object({ productId: Uuid });

export const ProductView = t.Object({
  id: Uuid,
  name: t.String(),
  description: t.String(),
  price: Money,
  available: t.Integer({ description: "Units that can be ordered now: on hand minus units in holds" }),
});

export const ProductPage = t.Object({ items: t.Array(ProductView), nextCursor: t.Nullable(t.String()) });

export const ListQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: t.Optional(Uuid),
  q: t.Optional(
    t.String({ minLength: 1, maxLength: 100, description: "Words, or beginnings of words, that the name contains" }),
  ),
});

export const PutProductBody = t.Object({
  name: t.String({ minLength: 1, maxLength: 200 }),
  description: t.String({ maxLength: 5000 }),
  price: Money,
  lowStockThreshold: Integer({ minimum: 0, maximum: 1_000_000, default: 0 }),
});

export const AdjustStockBody = t.Object({
  quantity: t.Union([Integer({ minimum: 1, maximum: 1_000_000 }), Integer({ minimum: -1_000_000, maximum: -1 })]),
  reason: t.Union([t.Literal("received"), t.Literal("returned"), t.Literal("corrected")]),
});

export const StockLevelView = t.Object({
  productId: Uuid,
  onHand: t.Integer(),
  held: t.Integer({ description: "Units in holds of unfinished orders" }),
  available: t.Integer(),
});
