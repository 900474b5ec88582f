CREATE TABLE "queue_state" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"identity" text NOT NULL,
	"handled_before" timestamp with time zone DEFAULT '-infinity' NOT NULL,
	CONSTRAINT "queue_state_one" CHECK ("queue_state"."one")
);
--> statement-breakpoint
CREATE INDEX "outbox_sent_at" ON "outbox" USING btree ("sent_at") WHERE "outbox"."sent_at" is not null;