import { expect, test } from "bun:test";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import postgres from "postgres";
import { createClient } from "redis";
import { services, sqlServiceNames } from "../../services/_contracts/services";
import { newCustomer, placeOrder, plentiful, settled } from "../support/shop";
import { stack } from "../support/stack";

const page = await Bun.file(join(import.meta.dir, "../../docs/retention.md")).text();
/** The names in the first column of the tables below a heading. */
function namesUnder(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const firstColumns = section.split("\n").flatMap((line) => /^\|([^|]*`[^|]*)\|/.exec(line)?.[1] ?? []);
  return firstColumns.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));
}

async function tables(): Promise<string[]> {
  const found = await Promise.all(
    sqlServiceNames.map(async (service) => {
      const sql = postgres(
        Object.assign(new URL(stack.adminUrls.postgres), { pathname: `/${services[service].database}` }).href,
        {
          max: 1,
        },
      );
      const rows = await sql<{ name: string }[]>`
        select table_schema || '.' || table_name as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
      await sql.end();
      return rows.map(({ name }) => name.replace(/^public\./, `${service}.`));
    }),
  );
  return found.flat();
}

async function collections(): Promise<string[]> {
  const client = await new MongoClient(stack.adminUrls.mongo).connect();
  const found = await client.db("orders").listCollections({}, { nameOnly: true }).toArray();
  await client.close();
  return found.map(({ name }) => `order.${name}`);
}

test("every table and collection is named in docs/retention.md, with its rule", async () => {
  const inStores = [...(await tables()), ...(await collections())].filter((name) => !name.startsWith("drizzle."));
  expect(inStores.length).toBeGreaterThan(15);
  // Made when its first order grows old.
  const later = ["order.retention"];
  // A rule for a part of what has a row of its own.
  const parts = ["order.idempotency"];
  const named = namesUnder("Stores");
  expect(inStores.filter((name) => !named.includes(name))).toEqual([]);
  expect(named.filter((name) => ![...inStores, ...later, ...parts].includes(name))).toEqual([]);
});

test("every key in Redis is one that docs/retention.md bounds", async () => {
  const customer = await newCustomer();
  const { id } = await plentiful();
  const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
  await settled(customer, placed.body.id);
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const keys = await redis.keys("*");
  redis.destroy();
  expect(keys.some((key) => key.startsWith("bull:"))).toBe(true);
  const globs = namesUnder("Redis").map((pattern) => new Bun.Glob(pattern));
  expect(keys.filter((key) => !globs.some((glob) => glob.match(key)))).toEqual([]);
});
