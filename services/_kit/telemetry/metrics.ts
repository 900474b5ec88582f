import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export const registry = new Registry();
collectDefaultMetrics({ register: registry });

/** The metrics that all services have. Durations are in seconds. Each label must have a bounded set of values. */
export const httpDuration = new Histogram({
  name: "http_request_duration_seconds",
  help: "Time to answer an HTTP request",
  labelNames: ["method", "route", "status"] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});
export const messageDuration = new Histogram({
  name: "message_duration_seconds",
  help: "Time to handle a message",
  labelNames: ["type", "outcome"] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});
export const outboxLag = new Histogram({
  name: "outbox_lag_seconds",
  help: "Time from the commit of a message until it is in the queue",
  labelNames: ["way"] as const,
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
  registers: [registry],
});
export const outboxUnsent = new Gauge({
  name: "outbox_unsent",
  help: "Committed messages, or documents with messages, that are not marked as sent; counted up to 10,000",
  registers: [registry],
});
export const outboxOldestUnsent = new Gauge({
  name: "outbox_oldest_unsent_seconds",
  help: "Age of the oldest unsent message; 0 if there is none",
  registers: [registry],
});
export const queueDepth = new Gauge({
  name: "queue_depth",
  help: "Messages in this service's queue by state; failed ones are dead letters, delayed ones wait for a retry",
  labelNames: ["queue", "state"] as const,
  registers: [registry],
});
export const clientDuration = new Histogram({
  name: "http_client_duration_seconds",
  help: "Time for a call to another service, retries included",
  labelNames: ["target", "outcome"] as const,
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  registers: [registry],
});
export const breakerOpen = new Gauge({
  name: "circuit_breaker_open",
  help: "1 while calls to the target are refused",
  labelNames: ["target"] as const,
  registers: [registry],
});
export const sagasStuck = new Gauge({
  name: "sagas_stuck",
  help: "Sagas whose step has had no reply for too long",
  labelNames: ["saga", "step"] as const,
  registers: [registry],
});
export const degraded = new Gauge({
  name: "service_degraded",
  help: "1 while the message queue cannot be reached",
  registers: [registry],
});
export const messagesResent = new Counter({
  name: "messages_resent_total",
  help: "Messages resent because Redis may have lost them",
  registers: [registry],
});
export const retentionDeleted = new Counter({
  name: "retention_deleted_total",
  help: "Entries deleted because they were past their retention time",
  labelNames: ["what"] as const,
  registers: [registry],
});

export const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
  new Counter({ name, help, labelNames, registers: [registry] });

export const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
  new Gauge({ name, help, labelNames, registers: [registry] });

export const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
  new Histogram({ name, help, labelNames, buckets, registers: [registry] });
