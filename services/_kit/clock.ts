/** The current time as a dependency, so that tests can control it. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** `at` moved by `seconds` (may be negative). */
export const plusSeconds = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000);

/** `at` moved by `days` of 24 hours (may be negative). */
export const plusDays = (at: Date, days: number): Date => plusSeconds(at, days * 86_400);
