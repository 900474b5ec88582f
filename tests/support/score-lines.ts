/** The scoreboard's lines: what is done to the system, and what must come of it. A check reports its figure under its number. */
export const scoreLines = {
  1: { check: "kill -9 each service and the edge 20 times during 5,000 orders", target: "0 lost, 0 charged twice" },
  2: { check: "stock after 1", target: "initial = on hand + reserved + sold, exactly" },
  3: { check: "sagas not at an end 60 s after 1", target: "0" },
  4: { check: "kill -9 a worker in the middle of a step, 30 times", target: "step done: p99 ≤ 10 s" },
  5: { check: "kill Redis 10 times, and FLUSHALL once", target: "0 lost orders, sagas or notifications" },
  6: { check: "kill -9 PostgreSQL 10 times under load", target: "0 acknowledged changes lost" },
  7: { check: "kill -9 MongoDB 10 times under load", target: "0 acknowledged orders lost" },
  9: { check: "same idempotency key, 100 at once, 100 times", target: "1 effect each; other body: 422" },
  13: { check: "compensation of 500 orders, failing half the time", target: "all compensated, none swallowed" },
  14: { check: "200 buyers, 1 unit, 100 rounds", target: "exactly 1 sale a round" },
  15: { check: "outbox lag at 60 orders a second for 60 s", target: "p99 ≤ 500 ms, 0 inversions within an order" },
  16: { check: "state machines and saga engine, property tests", target: "≥ 10,000 runs each, 0 violations" },
  17: { check: "SIGTERM under load, also with Redis down", target: "0 failed requests, exit ≤ 10 s" },
} as const;

export type LineNumber = keyof typeof scoreLines;
