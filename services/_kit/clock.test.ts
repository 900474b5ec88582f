import { expect, test } from "bun:test";
import { plusDays, plusSeconds, systemClock } from "./clock";

test("the system clock has the current time", () => {
  const before = Date.now();
  expect(systemClock.now().getTime()).toBeWithin(before, Date.now() + 1);
});

test("seconds and days are added to a time, and subtracted if negative", () => {
  expect(plusSeconds(new Date(5_000), -5).getTime()).toBe(0);
  expect(plusDays(new Date("2026-01-01T00:00:00.000Z"), 31)).toEqual(new Date("2026-02-01T00:00:00.000Z"));
});
