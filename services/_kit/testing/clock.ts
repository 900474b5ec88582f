import type { Clock } from "../clock";

/** A clock that shows `start` until it is advanced. */
export function testClock(start = new Date("2026-01-01T00:00:00.000Z")): Clock & { advance(seconds: number): void } {
  let at = start.getTime();
  return {
    now: () => new Date(at),
    advance(seconds) {
      at += seconds * 1000;
    },
  };
}
