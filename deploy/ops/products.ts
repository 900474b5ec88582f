import type { Stores } from "./stores";

export type OrderWith = { orderId: string; userId: string; quantity: number; status: string; placedAt: string };

/** Orders that contain a product, the latest first: order's read model `order_items`, whose ids are `<productId>/<orderId>`. */
export async function ordersWith({ orders, items }: Stores, productId: string, limit: number): Promise<OrderWith[]> {
  const lines = await items
    .find({ _id: { $gte: `${productId}/`, $lt: `${productId}0` } })
    .sort({ _id: -1 })
    .limit(limit)
    .toArray();
  const ids = lines.map(({ _id }) => _id.slice(_id.indexOf("/") + 1));
  const docs = new Map((await orders.find({ _id: { $in: ids } }).toArray()).map((doc) => [doc._id, doc]));
  return lines.map(({ userId, quantity }, index) => {
    const orderId = ids[index] as string;
    const doc = docs.get(orderId);
    return {
      orderId,
      userId,
      quantity,
      status: doc?.status ?? "gone",
      placedAt: doc?.createdAt.toISOString() ?? "",
    };
  });
}
