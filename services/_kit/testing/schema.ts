import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import type { Sql } from "../stores/postgres";

type Parts = { columns: string[]; names: string[] };

/** For each table of a drizzle schema, its columns and the names of its indexes, checks and foreign keys: as said, and as the migrations made them. */
export async function schemaAndDatabase(sql: Sql, schema: Record<string, unknown>) {
  const said: Record<string, Parts> = {};
  const made: Record<string, Parts> = {};
  for (const table of Object.values(schema).filter((part): part is PgTable => is(part, PgTable))) {
    const { name, columns, indexes, checks, foreignKeys } = getTableConfig(table);
    const names = [
      ...indexes.map((index) => index.config.name ?? ""),
      ...checks.map((check) => check.name),
      ...foreignKeys.map((key) => key.getName()),
    ];
    said[name] = {
      columns: columns
        .map((column) => `${column.name} ${column.notNull || column.primary ? "not null" : "null"}`)
        .sort(),
      names: names.sort(),
    };
    const columnRows = await sql<{ column: string }[]>`
      select column_name || case is_nullable when 'YES' then ' null' else ' not null' end as column
      from information_schema.columns where table_schema = 'public' and table_name = ${name}`;
    const nameRows = await sql<{ name: string }[]>`
      select indexname as name from pg_indexes where tablename = ${name}
      union select conname from pg_constraint where conrelid = ${name}::regclass`;
    const exists = new Set(nameRows.map((row) => row.name));
    made[name] = { columns: columnRows.map((row) => row.column).sort(), names: names.filter((it) => exists.has(it)) };
  }
  return { said, made };
}
