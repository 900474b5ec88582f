-- The ledger is what the counters are checked against, so nobody rewrites it by mistake.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
--> statement-breakpoint
CREATE TRIGGER stock_movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "stock_movement"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
