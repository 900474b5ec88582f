import { afterAll, beforeAll, expect, test } from "bun:test";
import { permissions, roles } from "@shop/contracts/permissions";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrate, migrations } from "./migrate";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("user", migrations);
});
afterAll(() => database.drop());

const accounts = () => database.sql`
  select email, (select array_agg(role order by role) from user_role where user_id = id) as roles from users order by email`;

test("a migration adds missing roles and permissions, and no accounts", async () => {
  const env = { USER_MIGRATION_URL: database.url };
  await Promise.all([migrate(env, false), migrate(env, false)]);
  await database.sql`delete from role_permission where permission = 'orders:read'`;
  await migrate(env, false);
  const granted = await database.sql<{ permission: string; roles: string[] }[]>`
    select permission, array_agg(role order by role desc) as roles from role_permission group by permission`;
  expect(Object.fromEntries(granted.map((row) => [row.permission, row.roles]))).toEqual({ ...permissions } as never);
  expect((await database.sql`select name from role`).map((row) => row.name).sort()).toEqual([...roles].sort());
  expect(await accounts()).toHaveLength(0);
});

test("repeated seeding adds missing accounts and changes no existing one", async () => {
  const env = { USER_MIGRATION_URL: database.url, APP_ENV: "dev" };
  await Promise.all([migrate(env, true), migrate(env, true)]);
  await database.sql`update users set name = 'Boss' where email = 'admin@shop.test'`;
  await migrate(env, true);
  expect([...(await accounts())]).toEqual([
    { email: "admin@shop.test", roles: ["admin", "customer"] },
    { email: "customer@shop.test", roles: ["customer"] },
  ]);
  const [admin] = await database.sql`select name, password_hash from users where email = 'admin@shop.test'`;
  expect(admin?.name).toBe("Boss");
  expect(await Bun.password.verify("admin-dev-password", admin?.password_hash)).toBe(true);
});

test("seeding is refused in production", async () => {
  const env = { USER_MIGRATION_URL: database.url };
  for (const APP_ENV of [undefined, "", "production", "prod"])
    await expect(migrate({ ...env, APP_ENV }, true)).rejects.toThrow("--seed is refused");
});

test("a migration without a database URL names the missing variable", async () => {
  await expect(migrate({}, false)).rejects.toThrow("USER_MIGRATION_URL");
});
