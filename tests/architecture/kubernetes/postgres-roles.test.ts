import { afterAll, beforeAll, expect, test } from "bun:test";
import postgres from "postgres";
import { migratePostgres, type Sql } from "../../../services/_kit/stores/postgres";
import { migrations } from "../../../services/inventory/migrate";
import { ofKind } from "../../k8s/support/objects";
import { type K8sObject, overlayFolder, render } from "../../k8s/support/render";

/* The operator of PostgreSQL prepares a service's database with statements of our own. Here they run on a real server. */
const adminUrl = process.env.TEST_POSTGRES_URL as string;
const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
const as = (role: string) =>
  Object.assign(new URL(adminUrl), { username: role, password: role, pathname: "/shop" }).href;
let app: Sql;

/** As the operator does it: the owner and its database first, then the statements as superuser, in that database. */
beforeAll(async () => {
  const [cluster] = ofKind(await render(overlayFolder("production")), "Cluster") as [K8sObject];
  const { database, owner, postInitApplicationSQL } = cluster.spec.bootstrap.initdb;
  await admin.unsafe(`CREATE ROLE ${owner} LOGIN PASSWORD '${owner}'`);
  await admin.unsafe(`CREATE DATABASE ${database} OWNER ${owner}`);
  const inDatabase = postgres(Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href, { max: 1 });
  for (const statement of postInitApplicationSQL as string[]) await inDatabase.unsafe(statement);
  await inDatabase.end();
  await admin.unsafe("ALTER ROLE app PASSWORD 'app'");
  await migratePostgres(as("owner"), migrations);
  app = postgres(as("app"), { max: 1 });
});
afterAll(async () => {
  await app?.end();
  await admin.unsafe("DROP DATABASE IF EXISTS shop WITH (FORCE)");
  await admin.unsafe("DROP ROLE IF EXISTS app, owner");
  await admin.end();
});

test("the service reads and writes rows of the tables that its migration made", async () => {
  const [row] = await app`select count(*)::int as count from product`;
  expect(row?.count).toBe(0);
  await app`delete from product`;
});

test("the service sees the version of the schema, for which it waits", async () => {
  const [row] = await app`select count(*)::int as count from drizzle.__drizzle_migrations`;
  expect(row?.count).toBeGreaterThan(0);
});

test.each(["create table x (id int)", "alter table product add column x int", "drop table product"])(
  "the service may not: %s",
  async (statement) => {
    const { code } = await app.unsafe(statement).catch((error) => error);
    expect(code).toBe("42501"); // insufficient_privilege
  },
);
