import type { InternalEmailVerification, InternalUser } from "@shop/contracts/internal-api";
import type { Clock } from "@shop/kit/clock";
import type { Delivery, Outcome } from "./domain/delivery";

export type NewDelivery = {
  id: string;
  messageId: string;
  channel: string;
  userId: string;
  /** Null: nobody is there to read it. */
  recipient: string | null;
  template: string;
  subject: string;
  data: object;
  status: "sending" | "pending" | "skipped";
  attempts: number;
  leaseUntil: Date;
  createdAt: Date;
};

export type DeliveryStore = {
  /** @returns false if there is one for this message and channel already */
  record(delivery: NewDelivery): Promise<boolean>;
  /** Takes over deliveries that nobody works on, for one attempt each. */
  claim(now: Date, leaseUntil: Date, limit: number): Promise<Delivery[]>;
  note(outcomes: Outcome[], now: Date): Promise<void>;
};

export type Deps = {
  deliveries: DeliveryStore;
  /** Whether another delivery can be sent soon, and sends one that was recorded as being sent. */
  postman: { hasRoom(): boolean; take(delivery: Delivery): void };
  /** Whom to write to; undefined for somebody who is no longer a user. Kept for 30 s. */
  findUser(userId: string): Promise<InternalUser | undefined>;
  /** A new token for the address that somebody has now, and the address. Never kept. */
  verificationOf(userId: string): Promise<InternalEmailVerification | undefined>;
  publicUrl: string;
  clock: Clock;
};
