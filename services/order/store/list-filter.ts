import { plusSeconds } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Filter } from "mongodb";
import type { OrderQuery } from "../deps";
import type { OrderDocument } from "./documents";

/** An order's `createdAt` may be later than the time in its id. This is more than enough for the difference. */
const toleranceSeconds = 60;

/**
 * The filter for a list of a user's orders. Ids begin with their creation time, so a period is a range of ids, and the
 * index that sorts the list also serves the period. At the edges of the range `createdAt` decides.
 */
export function listFilter(userId: string, { cursor, status, product, from, to }: OrderQuery): Filter<OrderDocument> {
  const upperBounds = [cursor, to && firstIdAt(plusSeconds(to, toleranceSeconds))].filter((id) => id !== undefined);
  const before = upperBounds.toSorted()[0];
  const id = {
    ...(before && { $lt: before }),
    ...(from && { $gte: firstIdAt(plusSeconds(from, -toleranceSeconds)) }),
  };
  const createdAt = { ...(from && { $gte: from }), ...(to && { $lt: to }) };
  return {
    userId,
    ...(status && { status }),
    ...(product && { "items.productId": product }),
    ...(Object.keys(id).length > 0 && { _id: id }),
    ...(Object.keys(createdAt).length > 0 && { createdAt }),
  };
}
