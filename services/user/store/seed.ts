import { permissions, roles } from "@shop/contracts/permissions";
import type { Sql } from "@shop/kit/stores/postgres";
import { argon2id } from "../security/passwords";

/** Roles and permissions are part of the program, so every migration brings the ones that are new. */
export async function fillRoles(sql: Sql): Promise<void> {
  const granted = Object.entries(permissions).flatMap(([permission, to]) => to.map((role) => ({ role, permission })));
  await sql`insert into role ${sql(roles.map((name) => ({ name })))} on conflict do nothing`;
  await sql`insert into permission ${sql(Object.keys(permissions).map((name) => ({ name })))} on conflict do nothing`;
  await sql`insert into role_permission ${sql(granted)} on conflict do nothing`;
}

const people = [
  { email: "admin@shop.test", name: "Shop Admin", password: "admin-dev-password", roles: ["customer", "admin"] },
  { email: "customer@shop.test", name: "Casey Customer", password: "customer-dev-password", roles: ["customer"] },
];

/** The accounts that `bun run dev` prints; those that are there stay as they are. */
export async function seed(sql: Sql): Promise<void> {
  for (const person of people) {
    const [known] = await sql`select 1 from users where lower(email) = ${person.email}`;
    if (known) continue;
    const id = Bun.randomUUIDv7();
    const hash = await Bun.password.hash(person.password, argon2id);
    const added = await sql`
      insert into users (id, email, name, password_hash, email_verified_at)
      values (${id}, ${person.email}, ${person.name}, ${hash}, now())
      on conflict do nothing returning id`;
    if (added.length > 0) await sql`insert into user_role ${sql(person.roles.map((role) => ({ user_id: id, role })))}`;
  }
}
