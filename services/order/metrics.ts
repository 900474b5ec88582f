import { counter, gauge, histogram } from "@shop/kit/telemetry/metrics";

export const ordersUnderWay = gauge(
  "orders_under_way",
  "Orders with messages to send or a saga that waits for an answer, counted up to the limit",
);
export const streamsOpen = gauge("order_streams_open", "Live timelines that are being followed on this instance");
export const ordersCreated = counter("orders_created_total", "Orders that were accepted");
export const sagasEnded = counter("sagas_ended_total", "Sagas that reached an end", ["saga", "outcome"]);
export const sagaDuration = histogram(
  "saga_duration_seconds",
  "From the start of a saga to its end",
  ["saga", "outcome"],
  [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
);
