import type { Messages } from "@shop/contracts/messages";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { isUniqueViolation, type Sql, type TransactionSql } from "@shop/kit/stores/postgres";
import type { UserStore } from "../deps";
import { type Account, type Credentials, emailTaken, lastAdmin } from "../domain/account";
import { revokeTokens } from "./sessions";

type Row = {
  id: string;
  email: string;
  emailVerified: boolean;
  name: string;
  roles: string[];
  permissions: string[];
  created_at: Date;
};

const toAccount = ({ created_at: createdAt, ...row }: Row): Account => ({ ...row, createdAt });

export function userStore(sql: Sql, outbox: PostgresOutbox<Messages>): UserStore {
  const accounts = (where: ReturnType<Sql>) => sql<Row[]>`
    select u.id, u.email, u.email_verified_at is not null as "emailVerified", u.name, u.created_at,
      array(select role from user_role where user_id = u.id order by role) as roles,
      array(select distinct p.permission from user_role r join role_permission p on p.role = r.role
        where r.user_id = u.id order by 1) as permissions
    from users u where u.deleted_at is null ${where}`;
  const byId = async (id: string) => (await accounts(sql`and u.id = ${id}`)).map(toAccount)[0];

  return {
    byId,

    async register({ id, email, name, passwordHash }) {
      await outbox
        .commit(undefined, async (tx) => {
          await tx`
            with added as (
              insert into users (id, email, name, password_hash) values (${id}, ${email}, ${name}, ${passwordHash}) returning id
            )
            insert into user_role (user_id, role) select id, 'customer' from added`;
          const drafts = [{ type: "user.registered" as const, data: { userId: id, email, name } }];
          return { subject: id, drafts, result: undefined };
        })
        .catch(takenOr);
      return (await byId(id)) as Account;
    },

    async credentialsOf(email) {
      const [row] = await sql<Credentials[]>`
        select id as "userId", password_hash as "passwordHash" from users
        where lower(email) = lower(${email.trim()}) and deleted_at is null`;
      return row;
    },

    async passwordHashOf(userId) {
      const [row] = await sql<{ hash: string }[]>`
        select password_hash as hash from users where id = ${userId} and deleted_at is null`;
      return row?.hash;
    },

    async list({ limit, cursor }) {
      const after = cursor ? sql`and u.id < ${cursor}` : sql``;
      const rows = await accounts(sql`${after} order by u.id desc limit ${limit + 1}`);
      const items = rows.slice(0, limit).map(toAccount);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },

    async change(userId, confirmedHash, { name, email, passwordHash }) {
      const changed = await outbox
        .commit(undefined, async (tx) => {
          const [row] = await tx<{ moved: boolean; email: string; name: string }[]>`
            with before as (select id, email from users where id = ${userId} for update)
            update users u set name = coalesce(${name ?? null}, name), email = coalesce(${email ?? null}, u.email),
              email_verified_at = case when lower(u.email) = lower(coalesce(${email ?? null}, u.email)) then email_verified_at end,
              password_hash = coalesce(${passwordHash ?? null}, password_hash), updated_at = now()
            from before
            where u.id = before.id and deleted_at is null
              and password_hash = coalesce(${confirmedHash ?? null}, password_hash)
            returning lower(u.email) <> lower(before.email) as moved, u.email, u.name`;
          if (row && passwordHash !== undefined) await revokeTokens(tx, { userId });
          const data = { userId, email: row?.email ?? "", name: row?.name ?? "" };
          const drafts = row?.moved ? [{ type: "user.email_changed" as const, data }] : [];
          return { subject: userId, drafts, result: row !== undefined };
        })
        .catch(takenOr);
      return changed === true;
    },

    async markVerified(userId, email) {
      const { count } = await sql`
        update users set email_verified_at = coalesce(email_verified_at, now())
        where id = ${userId} and lower(email) = lower(${email}) and deleted_at is null`;
      return count > 0;
    },

    async erase(userId) {
      await sql.begin(async (tx) => {
        // The row first: a role granted or a session opened at the same time waits for it, and then finds nobody.
        await tx`
          update users set email = id || '@deleted.invalid', name = 'Deleted user', password_hash = '', deleted_at = now(),
            email_verified_at = null
          where id = ${userId} and deleted_at is null`;
        await keepAnAdmin(tx, userId);
        await tx`delete from user_role where user_id = ${userId}`;
        await revokeTokens(tx, { userId });
      });
    },

    async grant(userId, role) {
      const rows = await sql`
        with known as (select id from users where id = ${userId} and deleted_at is null for share), added as (
          insert into user_role (user_id, role) select id, ${role} from known on conflict do nothing
        ) select 1 from known`;
      return rows.length > 0;
    },

    async revoke(userId, role) {
      await sql.begin(async (tx) => {
        if (role === "admin") await keepAnAdmin(tx, userId);
        await tx`delete from user_role where user_id = ${userId} and role = ${role}`;
      });
    },
  };
}

/** Two administrators who remove each other at once come one after the other here. */
async function keepAnAdmin(tx: TransactionSql, leavingId: string): Promise<void> {
  await tx`select 1 from role where name = 'admin' for update`;
  const [row] = await tx<{ others: number; leaving: number }[]>`
    select count(*) filter (where user_id <> ${leavingId})::int as others,
      count(*) filter (where user_id = ${leavingId})::int as leaving
    from user_role where role = 'admin'`;
  if (row && row.leaving > 0 && row.others === 0) throw lastAdmin();
}

function takenOr(error: unknown): never {
  throw isUniqueViolation(error, "users_email") ? emailTaken() : error;
}
