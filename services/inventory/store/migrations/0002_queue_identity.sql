CREATE TABLE "queue_identity" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"identity" text NOT NULL,
	CONSTRAINT "queue_identity_one" CHECK ("queue_identity"."one")
);
--> statement-breakpoint
CREATE INDEX "outbox_sent_at" ON "outbox" USING btree ("sent_at") WHERE "outbox"."sent_at" is not null;