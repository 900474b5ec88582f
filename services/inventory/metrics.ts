import { counter } from "@shop/kit/telemetry/metrics";

export const reservations = counter("stock_reservations_total", "Orders' demands on the stock, by what came of them", [
  "outcome",
]);
export const lowStock = counter("stock_low_total", "Times a product's stock fell to its threshold");
