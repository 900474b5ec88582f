import { replay } from "../../../services/order/replay";
import type { Stores } from "./stores";

/** Rebuilds each order from its history and compares the result with the stored order. */
export async function historyDifferences(stores: Stores, orderIds: string[]): Promise<string[]> {
  const { differences, inProgress: underWay } = await replay(stores.orderDatabase, { only: orderIds });
  const incomplete = underWay > 0 ? [`order_history is incomplete for ${underWay} orders`] : [];
  return [...incomplete, ...differences];
}
