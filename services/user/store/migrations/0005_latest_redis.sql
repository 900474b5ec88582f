ALTER TABLE "queue_state" ADD COLUMN "seen_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "queue_state" ADD COLUMN "earlier" text[] DEFAULT '{}' NOT NULL;