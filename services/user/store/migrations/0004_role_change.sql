CREATE TABLE "role_change" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "role_change_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"change" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "role_change_change" CHECK ("role_change"."change" in ('granted', 'revoked')),
	CONSTRAINT "role_change_actor" CHECK (char_length("role_change"."actor") between 1 and 200)
);
--> statement-breakpoint
ALTER TABLE "role_change" ADD CONSTRAINT "role_change_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "role_change_user" ON "role_change" USING btree ("user_id","id");--> statement-breakpoint
-- Who made whom an administrator must stay known, so nobody rewrites it: neither the service nor a mistake of its owner.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
--> statement-breakpoint
CREATE TRIGGER role_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "role_change"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
