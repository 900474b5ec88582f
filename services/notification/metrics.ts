import { counter } from "@shop/kit/telemetry/metrics";

/** Outcome `failed`: given up, which raises an alert. `retried`: an attempt failed and another one follows. */
export const notifications = counter("notifications_total", "Notifications, by template and outcome", [
  "template",
  "outcome",
]);
