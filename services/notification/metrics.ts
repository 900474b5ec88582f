import { counter } from "@shop/kit/telemetry/metrics";

/** `failed`: given up, which raises an alert. `retried`: the attempt failed and another one follows. */
export const notifications = counter("notifications_total", "Notifications, by template and outcome", [
  "template",
  "outcome",
]);
