import { expect, test } from "bun:test";
import fc from "fast-check";
import { attemptSecondsMax, attemptsMax, failedOutcome, leaseSeconds, retryDelaySeconds } from "./delivery";

const now = new Date("2026-01-01T00:00:00.000Z");
const delivery = { id: "d", channel: "email", template: "welcome", recipient: "a@b.test", data: {}, leaseUntil: now };

test("retry delays grow from seconds to half an hour; the attempts of a delivery span about eight hours", () => {
  const delays = Array.from({ length: attemptsMax - 1 }, (_, index) => retryDelaySeconds(index + 1));
  expect(delays.slice(0, 3)).toEqual([5, 10, 20]);
  expect(Math.max(...delays)).toBe(1800);
  expect(delays.reduce((sum, delay) => sum + delay, 0) / 3600).toBeWithin(7.5, 8);
  expect(attemptSecondsMax).toBeLessThan(leaseSeconds);
});

test("a failed delivery is retried later or given up, and its error is truncated", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      fc.string({ maxLength: 1000 }),
      (attempts, final, error) => {
        const outcome = failedOutcome({ ...delivery, attempts }, now, { error, final });
        expect(outcome.status).toBe(final || attempts >= attemptsMax ? "failed" : "pending");
        expect(outcome.leaseUntil.getTime()).toBeGreaterThan(now.getTime());
        expect(outcome.error?.length).toBeLessThanOrEqual(500);
      },
    ),
  );
});
