import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/messaging/consumer";
import { commitStock } from "./commands/commit-stock";
import { releaseStock } from "./commands/release-stock";
import { reserveStock } from "./commands/reserve-stock";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "inventory.reserve": reserveStock,
  "inventory.release": releaseStock,
  "order.confirmed": commitStock,
};
