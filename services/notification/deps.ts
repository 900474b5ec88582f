import type { InternalEmailVerification, InternalUser } from "@shop/contracts/internal-api";
import type { Clock } from "@shop/kit/clock";
import type { Delivery, Outcome } from "./domain/delivery";

export type NewDelivery = {
  id: string;
  messageId: string;
  channel: string;
  userId: string;
  /** Null if the user no longer exists. */
  recipient: string | null;
  template: string;
  subject: string;
  data: object;
  status: "sending" | "pending" | "skipped";
  attempts: number;
  leaseUntil: Date;
  createdAt: Date;
  traceparent: string | undefined;
};

export type DeliveryStore = {
  /** @returns false if a delivery for this message and channel already exists */
  record(delivery: NewDelivery): Promise<boolean>;
  /** Leases up to `limit` due deliveries to the caller, for one attempt each. */
  claim(now: Date, leaseUntil: Date, limit: number): Promise<Delivery[]>;
  recordOutcomes(outcomes: Outcome[], now: Date): Promise<void>;
};

/** Sends deliveries directly after they were recorded, without waiting for the next sweep. */
export type DeliveryWorker = {
  /** Whether another delivery can be sent soon. */
  hasCapacity(): boolean;
  /** Takes over a delivery that was recorded as `sending`. */
  accept(delivery: Delivery): void;
};

export type UserClient = {
  /**
   * Finds a user. The answer is cached for 30 s.
   * @returns undefined if the user does not exist
   */
  findUser(userId: string): Promise<InternalUser | undefined>;
  /**
   * Requests a new token for the user's current e-mail address. Never cached.
   * @returns the address and the token, or undefined if the user does not exist
   */
  requestVerification(userId: string): Promise<InternalEmailVerification | undefined>;
};

export type Deps = UserClient & {
  deliveries: DeliveryStore;
  worker: DeliveryWorker;
  publicUrl: string;
  clock: Clock;
};
