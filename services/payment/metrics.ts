import { counter, histogram } from "@shop/kit/telemetry/metrics";

export const paymentsProcessed = counter("payments_processed_total", "Payments completed, failed or voided", [
  "provider",
  "status",
]);
export const gatewayCalls = histogram(
  "payment_gateway_call_seconds",
  "Duration of calls to a payment provider",
  ["provider", "call", "outcome"],
  [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8],
);
