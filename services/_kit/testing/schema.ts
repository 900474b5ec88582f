import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import type { Sql } from "../stores/postgres";

/** `columns` with their nullability; `names` of indexes, checks and foreign keys. Both sorted. */
type TableSummary = { columns: string[]; names: string[] };

/** By table name. */
type SchemaComparison = {
  /** As the drizzle schema declares the tables. */
  declared: Record<string, TableSummary>;
  /** As the migrations created them in the database. `names` has only those that the drizzle schema declares too. */
  migrated: Record<string, TableSummary>;
};

/** Summarizes the tables of a drizzle schema and of a migrated database, so that a test can expect them to be equal. */
export async function compareSchema(sql: Sql, schema: Record<string, unknown>): Promise<SchemaComparison> {
  const comparison: SchemaComparison = { declared: {}, migrated: {} };
  for (const table of Object.values(schema).filter((part): part is PgTable => is(part, PgTable))) {
    const { name } = getTableConfig(table);
    const declared = summarizeDeclaration(table);
    comparison.declared[name] = declared;
    comparison.migrated[name] = await summarizeTable(sql, name, declared.names);
  }
  return comparison;
}

function summarizeDeclaration(table: PgTable): TableSummary {
  const { columns, indexes, checks, foreignKeys } = getTableConfig(table);
  const names = [
    ...indexes.map((index) => index.config.name ?? ""),
    ...checks.map((check) => check.name),
    ...foreignKeys.map((key) => key.getName()),
  ];
  return {
    columns: columns.map((column) => `${column.name} ${column.notNull || column.primary ? "not null" : "null"}`).sort(),
    names: names.sort(),
  };
}

async function summarizeTable(sql: Sql, table: string, declaredNames: string[]): Promise<TableSummary> {
  const columnRows = await sql<{ column: string }[]>`
    select column_name || case is_nullable when 'YES' then ' null' else ' not null' end as column
    from information_schema.columns where table_schema = 'public' and table_name = ${table}`;
  const nameRows = await sql<{ name: string }[]>`
    select indexname as name from pg_indexes where tablename = ${table}
    union select conname from pg_constraint where conrelid = ${table}::regclass`;
  const existing = new Set(nameRows.map((row) => row.name));
  return {
    columns: columnRows.map((row) => row.column).sort(),
    names: declaredNames.filter((name) => existing.has(name)),
  };
}
