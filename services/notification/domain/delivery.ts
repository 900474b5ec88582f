import { plusSeconds } from "@shop/kit/clock";

/** A notification to be sent over one channel. */
export type Delivery = {
  id: string;
  channel: string;
  template: string;
  recipient: string;
  data: unknown;
  /** Includes the current attempt. */
  attempts: number;
  leaseUntil: Date;
};

/** The result of an attempt, as stored. A `pending` delivery is retried after `leaseUntil`. */
export type Outcome = {
  id: string;
  attempts: number;
  status: "sent" | "pending" | "failed";
  leaseUntil: Date;
  error: string | null;
};

/** Much longer than an attempt can take, because no other worker may send the delivery meanwhile. */
export const leaseSeconds = 60;
/** An upper bound on the time that an attempt can take. */
export const attemptSecondsMax = 30;

/** With the delays below, about eight hours of attempts. */
export const attemptsMax = 24;
const retryDelaySecondsMax = 1800;

/** 5 s, 10 s, 20 s and so on, up to half an hour. */
export const retryDelaySeconds = (attempts: number): number => Math.min(retryDelaySecondsMax, 5 * 2 ** (attempts - 1));

export const sentOutcome = ({ id, attempts }: Delivery, now: Date): Outcome => ({
  id,
  attempts,
  status: "sent",
  leaseUntil: now,
  error: null,
});

/** @param failure.final whether a retry cannot succeed */
export const failedOutcome = (delivery: Delivery, now: Date, failure: { error: string; final: boolean }): Outcome => {
  const { id, attempts } = delivery;
  const givesUp = failure.final || attempts >= attemptsMax;
  return {
    id,
    attempts,
    status: givesUp ? "failed" : "pending",
    leaseUntil: plusSeconds(now, retryDelaySeconds(attempts)),
    error: failure.error.slice(0, 500),
  };
};

/** For a delivery that was claimed but not attempted: any worker may send it immediately. */
export const releasedOutcome = ({ id, attempts }: Delivery, now: Date): Outcome => ({
  id,
  attempts,
  status: "pending",
  leaseUntil: now,
  error: null,
});

/** Whether an attempt would end before the lease does. */
export const hasTimeForAttempt = (delivery: Delivery, now: Date): boolean =>
  plusSeconds(now, attemptSecondsMax) < delivery.leaseUntil;
