import { counter } from "@shop/kit/telemetry/metrics";

export const reservations = counter("stock_reservations_total", "Stock decisions about orders, by outcome", [
  "outcome",
]);
export const lowStock = counter(
  "stock_low_total",
  "Orders whose sale took the stock of a product down to its threshold",
);
