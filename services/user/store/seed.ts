import { permissions, roles } from "@shop/contracts/permissions";
import type { Sql } from "@shop/kit/stores/postgres";
import { argon2id } from "../security/passwords";

/** Roles and permissions are defined in the code, so every migration adds those that are missing. */
export async function seedRoles(sql: Sql): Promise<void> {
  const granted = Object.entries(permissions).flatMap(([permission, grantedTo]) =>
    grantedTo.map((role) => ({ role, permission })),
  );
  await sql`insert into role ${sql(roles.map((name) => ({ name })))} on conflict do nothing`;
  await sql`insert into permission ${sql(Object.keys(permissions).map((name) => ({ name })))} on conflict do nothing`;
  await sql`insert into role_permission ${sql(granted)} on conflict do nothing`;
}

const seedUsers = [
  { email: "admin@shop.test", name: "Shop Admin", password: "admin-dev-password", roles: ["customer", "admin"] },
  { email: "customer@shop.test", name: "Casey Customer", password: "customer-dev-password", roles: ["customer"] },
];

/** Adds the accounts that `bun run dev` prints. Existing accounts are left unchanged. */
export async function seedAccounts(sql: Sql): Promise<void> {
  for (const user of seedUsers) {
    const [existing] = await sql`select 1 from users where lower(email) = ${user.email}`;
    if (existing) continue;
    const id = Bun.randomUUIDv7();
    const hash = await Bun.password.hash(user.password, argon2id);
    const added = await sql`
      insert into users (id, email, name, password_hash, email_verified_at)
      values (${id}, ${user.email}, ${user.name}, ${hash}, now())
      on conflict do nothing returning id`;
    if (added.length > 0) await sql`insert into user_role ${sql(user.roles.map((role) => ({ user_id: id, role })))}`;
  }
}
