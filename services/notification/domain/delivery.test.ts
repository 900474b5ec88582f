import { expect, test } from "bun:test";
import fc from "fast-check";
import { attemptSeconds, failed, leaseSeconds, mostAttempts, pauseSeconds } from "./delivery";

const now = new Date("2026-01-01T00:00:00.000Z");
const delivery = { id: "d", channel: "email", template: "welcome", recipient: "a@b.test", data: {}, leaseUntil: now };

test("pauses grow from seconds to half an hour, and all tries together outlast a night without mail", () => {
  const pauses = Array.from({ length: mostAttempts - 1 }, (_, index) => pauseSeconds(index + 1));
  expect(pauses.slice(0, 3)).toEqual([5, 10, 20]);
  expect(Math.max(...pauses)).toBe(1800);
  expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(6 * 3600);
  expect(attemptSeconds).toBeLessThan(leaseSeconds);
});

test("whatever goes wrong, a delivery is tried again later or given up, and its error fits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      fc.string({ maxLength: 1000 }),
      (attempts, final, error) => {
        const outcome = failed({ ...delivery, attempts }, now, { error, final });
        expect(outcome.status).toBe(final || attempts >= mostAttempts ? "failed" : "pending");
        expect(outcome.leaseUntil.getTime()).toBeGreaterThan(now.getTime());
        expect(outcome.error?.length).toBeLessThanOrEqual(500);
      },
    ),
  );
});
