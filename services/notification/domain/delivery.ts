import { plusSeconds } from "@shop/kit/clock";

export type Delivery = {
  id: string;
  channel: string;
  template: string;
  recipient: string;
  data: unknown;
  /** Counts the one under way. */
  attempts: number;
  leaseUntil: Date;
};

/** What became of an attempt. */
export type Outcome = {
  id: string;
  attempts: number;
  status: "sent" | "pending" | "failed";
  leaseUntil: Date;
  error: string | null;
};

/** Much longer than an attempt can take: while it lasts nobody else sends the same notice. */
export const leaseSeconds = 60;
/** Less of a lease than this may not be enough for an attempt. */
export const attemptSeconds = 30;

/** Ten hours, with the pauses below. */
export const mostAttempts = 24;
const longestPauseSeconds = 1800;

/** 5 s, 10 s, 20 s … up to half an hour. */
export const pauseSeconds = (attempts: number): number => Math.min(longestPauseSeconds, 5 * 2 ** (attempts - 1));

export const sent = ({ id, attempts }: Delivery, now: Date): Outcome => ({
  id,
  attempts,
  status: "sent",
  leaseUntil: now,
  error: null,
});

export const failed = (delivery: Delivery, now: Date, failure: { error: string; final: boolean }): Outcome => {
  const { id, attempts } = delivery;
  const over = failure.final || attempts >= mostAttempts;
  return {
    id,
    attempts,
    status: over ? "failed" : "pending",
    leaseUntil: plusSeconds(now, pauseSeconds(attempts)),
    error: failure.error.slice(0, 500),
  };
};

/** Not tried after all: somebody else may, at once. */
export const givenBack = ({ id, attempts }: Delivery, now: Date): Outcome => ({
  id,
  attempts,
  status: "pending",
  leaseUntil: now,
  error: null,
});

/** Whether there is time enough for an attempt before somebody else may make one. */
export const hasTime = (delivery: Delivery, now: Date): boolean =>
  plusSeconds(now, attemptSeconds) < delivery.leaseUntil;
