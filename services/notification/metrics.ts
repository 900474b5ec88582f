import { counter } from "@shop/kit/telemetry/metrics";

/** `failed` is given up for good: alert on it. `retried` is an attempt that will be made again. */
export const notifications = counter("notifications_total", "Notices, by what came of them", ["template", "outcome"]);
