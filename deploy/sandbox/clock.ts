/** The sandbox's own time: the machine's, plus an offset that tests move forward. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Whole seconds since 1970, as Stripe writes times. */
  seconds(): number;
  advance(seconds: number): void;
  reset(): void;
};

export function createClock(): Clock {
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  return {
    now,
    seconds: () => Math.floor(now() / 1000),
    advance: (seconds) => {
      offsetMs += seconds * 1000;
    },
    reset: () => {
      offsetMs = 0;
    },
  };
}
