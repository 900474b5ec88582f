import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "redis";
import { sqlServiceNames } from "../../services/_contracts/services";
import { openAudit } from "../support/audit";
import { openDatabase } from "../support/audit/stores";
import { eventually } from "../support/eventually";
import { aConfirmedOrder } from "../support/shop";
import { stack } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

const document = await Bun.file(join(import.meta.dir, "../../docs/retention.md")).text();

/** The names in the first column of the tables below a heading of docs/retention.md. */
function documentedNames(heading: string): string[] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const firstColumns = section.split("\n").flatMap((line) => /^\|([^|]*`[^|]*)\|/.exec(line)?.[1] ?? []);
  return firstColumns.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));
}

/** Every table, as `<service>.<table>`, or `<schema>.<table>` outside of the schema `public`. */
async function listTables(): Promise<string[]> {
  const tables = await Promise.all(
    sqlServiceNames.map(async (service) => {
      const sql = openDatabase(service);
      const rows = await sql<{ name: string }[]>`
        select table_schema || '.' || table_name as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
      await sql.end();
      return rows.map(({ name }) => name.replace(/^public\./, `${service}.`));
    }),
  );
  return tables.flat();
}

async function listCollections(): Promise<string[]> {
  const collections = await audit.orderDatabase.listCollections({}, { nameOnly: true }).toArray();
  return collections.map(({ name }) => `order.${name}`);
}

/** An order that has come to rest creates the read models and the queues. */
beforeAll(async () => {
  await aConfirmedOrder();
  await eventually(async () => (await listCollections()).includes("order.order_items"));
});

test("docs/retention.md has a rule for every table and collection", async () => {
  const stored = [...(await listTables()), ...(await listCollections())].filter((name) => !name.startsWith("drizzle."));
  expect(stored.length).toBeGreaterThan(15);
  // This collection is created when the first order is old enough.
  const createdLater = ["order.retention"];
  // A rule for a field of a collection that has its own rule.
  const fields = ["order.idempotency"];
  const documented = documentedNames("Stores");
  expect(stored.filter((name) => !documented.includes(name))).toEqual([]);
  expect(documented.filter((name) => ![...stored, ...createdLater, ...fields].includes(name))).toEqual([]);
});

test("docs/retention.md has a rule for every key in Redis", async () => {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const keys = await redis.keys("*");
  redis.destroy();
  expect(keys.some((key) => key.startsWith("bull:"))).toBe(true);
  const globs = documentedNames("Redis").map((pattern) => new Bun.Glob(pattern));
  expect(keys.filter((key) => !globs.some((glob) => glob.match(key)))).toEqual([]);
});
