/** The lines of the scoreboard: what each check does to the system, and its target. */
export const scoreLines = {
  1: { check: "kill -9 each service and the edge 20 times during 5,000 orders", target: "0 lost, 0 charged twice" },
  2: { check: "stock after line 1", target: "stock before = free + reserved + sold, exactly" },
  3: { check: "unfinished sagas 60 s after line 1", target: "0" },
  4: { check: "kill -9 a worker during a step, 30 times", target: "p99 until the step is done ≤ 10 s" },
  5: { check: "kill -9 Redis 10 times, FLUSHALL once", target: "0 orders, sagas or notifications lost" },
  6: { check: "kill -9 PostgreSQL 10 times under load", target: "0 acknowledged changes lost" },
  7: { check: "kill -9 MongoDB 10 times under load", target: "0 acknowledged orders lost" },
  9: {
    check: "100 concurrent requests with one idempotency key, 100 times",
    target: "1 effect per key; 422 for another body",
  },
  13: {
    check: "compensation of 500 orders while half of the provider calls fail",
    target: "all compensated, every failure recorded",
  },
  14: { check: "200 concurrent buyers of 1 unit, 100 rounds", target: "exactly 1 sale per round" },
  15: {
    check: "outbox lag at 60 orders per second for 60 s",
    target: "p99 ≤ 500 ms, 0 inversions within an order",
  },
  16: { check: "property tests of the state machines and the saga engine", target: "≥ 10,000 runs each, 0 violations" },
  17: { check: "SIGTERM under load, with and without Redis", target: "0 failed requests, exit ≤ 10 s" },
} as const;

export type LineNumber = keyof typeof scoreLines;
