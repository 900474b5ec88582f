import { counter, gauge, histogram } from "@shop/kit/telemetry/metrics";

export const ordersUnderWay = gauge(
  "orders_under_way",
  "Orders with unsent messages or a saga that waits for a reply, counted up to the limit",
);
export const streamsOpen = gauge("order_streams_open", "Open streams of live timelines on this instance");
export const ordersCreated = counter("orders_created_total", "Accepted orders");
export const sagasEnded = counter("sagas_ended_total", "Sagas that have ended", ["saga", "outcome"]);
export const sagaDuration = histogram(
  "saga_duration_seconds",
  "Time from the start of a saga to its end",
  ["saga", "outcome"],
  [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
);
