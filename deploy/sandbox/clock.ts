/** The sandbox's clock: the machine's time plus an offset that tests can increase. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Whole seconds since 1970, as in Stripe's API. */
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
