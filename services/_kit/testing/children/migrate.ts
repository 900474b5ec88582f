import { migratePostgres } from "../../stores/postgres";

/** Migrates a database. The test kills this process while it does so. */
await migratePostgres(process.env.DATABASE as string, process.env.MIGRATIONS as string);
