import { plusSeconds } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Filter } from "mongodb";
import type { OrderQuery } from "../deps";
import type { OrderDocument } from "./documents";

/** An order's id is made moments before its time is taken. */
const slackSeconds = 60;

/**
 * Which orders of a user are listed. Ids begin with the time they were made, so a period is a range of ids, and the one
 * index that gives the order of the list serves the period too; the times themselves decide at its edges.
 */
export function listFilter(userId: string, { cursor, status, product, from, to }: OrderQuery): Filter<OrderDocument> {
  const below = [...(cursor ? [cursor] : []), ...(to ? [firstIdAt(plusSeconds(to, slackSeconds))] : [])].toSorted();
  const id = { ...(below[0] && { $lt: below[0] }), ...(from && { $gte: firstIdAt(plusSeconds(from, -slackSeconds)) }) };
  const createdAt = { ...(from && { $gte: from }), ...(to && { $lt: to }) };
  return {
    userId,
    ...(status && { status }),
    ...(product && { "items.productId": product }),
    ...(Object.keys(id).length > 0 && { _id: id }),
    ...(Object.keys(createdAt).length > 0 && { createdAt }),
  };
}
