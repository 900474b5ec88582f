ALTER TABLE "payment" ADD COLUMN "saga" jsonb;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "saga_wake_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "idempotency_scope" text;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "idempotency_hash" text;--> statement-breakpoint
CREATE UNIQUE INDEX "payment_idempotency" ON "payment" USING btree ("idempotency_scope") WHERE "payment"."idempotency_scope" is not null;--> statement-breakpoint
CREATE INDEX "payment_saga_waiting" ON "payment" USING btree ("saga_wake_at") WHERE "payment"."saga_wake_at" is not null;