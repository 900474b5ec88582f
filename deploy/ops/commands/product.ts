import type { Stores } from "../stores";
import { table } from "../table";

type OrderRow = { orderId: string; status: string; userId: string; quantity: number; placedAt: string };

/** `product <productId>`: the 50 latest orders that contain a product, the latest first. */
export async function product(stores: Stores, [productId]: string[]): Promise<string | undefined> {
  if (!productId) return undefined;
  const rows = await ordersWithProduct(stores, productId, 50);
  return table(
    ["order", "status", "user", "quantity", "placed"],
    rows.map((row) => [row.orderId, row.status, row.userId, row.quantity, row.placedAt]),
  );
}

async function ordersWithProduct(
  { orders, orderItems }: Stores,
  productId: string,
  limit: number,
): Promise<OrderRow[]> {
  const items = await orderItems
    .find({ _id: { $gte: `${productId}/`, $lt: `${productId}0` } })
    .sort({ _id: -1 })
    .limit(limit)
    .toArray();
  const orderIds = items.map(({ _id }) => _id.slice(_id.indexOf("/") + 1));
  const docs = new Map((await orders.find({ _id: { $in: orderIds } }).toArray()).map((doc) => [doc._id, doc]));
  return items.map(({ userId, quantity }, index) => {
    const orderId = orderIds[index] as string;
    const doc = docs.get(orderId);
    return {
      orderId,
      status: doc?.status ?? "deleted",
      userId,
      quantity,
      placedAt: doc?.createdAt.toISOString() ?? "",
    };
  });
}
