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
  /** The trace of the message that the notification is about. */
  traceparent?: string | null;
};

/** The result of an attempt, as stored. A `pending` delivery is retried after `leaseUntil`. */
export type Outcome = {
  id: string;
  attempts: number;
  status: "sent" | "pending" | "failed";
  leaseUntil: Date;
  error: string | null;
};

/** Much longer than an attempt usually takes. While the lease lasts, no other worker sends the delivery. */
export const leaseSeconds = 60;
/**
 * The time that a lease must still last when an attempt starts. An attempt usually takes less. A server that responds very
 * slowly to each step can need more; the mail is then sent again with the same Message-ID.
 */
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

/** Whether the lease lasts long enough for an attempt. */
export const hasTimeForAttempt = (delivery: Delivery, now: Date): boolean =>
  plusSeconds(now, attemptSecondsMax) < delivery.leaseUntil;
