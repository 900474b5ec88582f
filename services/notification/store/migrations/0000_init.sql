CREATE TYPE "public"."delivery_status" AS ENUM('pending', 'sending', 'sent', 'failed', 'skipped');--> statement-breakpoint
CREATE TABLE "delivery" (
	"id" uuid PRIMARY KEY NOT NULL,
	"message_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"user_id" uuid NOT NULL,
	"recipient" text,
	"template" text NOT NULL,
	"subject" text NOT NULL,
	"data" jsonb,
	"status" "delivery_status" NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"lease_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp with time zone,
	CONSTRAINT "delivery_message" UNIQUE("message_id","channel")
);
--> statement-breakpoint
CREATE INDEX "delivery_due" ON "delivery" USING btree ("lease_until") WHERE "delivery"."status" in ('pending', 'sending');--> statement-breakpoint
CREATE INDEX "delivery_user" ON "delivery" USING btree ("user_id","id");