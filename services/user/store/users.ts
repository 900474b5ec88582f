import type { Messages } from "@shop/contracts/messages";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { isUniqueViolation, type Sql } from "@shop/kit/stores/postgres";
import type { UserStore } from "../deps";
import { type Account, emailTaken } from "../domain/account";
import { accountReads } from "./accounts";
import { requireAnotherAdmin } from "./roles";
import { revokeTokens } from "./sessions";

export function userStore(sql: Sql, outbox: PostgresOutbox<Messages>): UserStore {
  const { find, list } = accountReads(sql);

  return {
    find,
    list,

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
        .catch(rethrowEmailTaken);
      return (await find(id)) as Account;
    },

    async change(userId, confirmedHash, { name, email, passwordHash }) {
      const changed = await outbox
        .commit(undefined, async (tx) => {
          const [row] = await tx<{ isNewAddress: boolean; email: string; name: string }[]>`
            with before as (select id, email from users where id = ${userId} for update)
            update users u set name = coalesce(${name ?? null}, name), email = coalesce(${email ?? null}, u.email),
              email_verified_at = case when lower(u.email) = lower(coalesce(${email ?? null}, u.email)) then email_verified_at end,
              password_hash = coalesce(${passwordHash ?? null}, password_hash), updated_at = now()
            from before
            where u.id = before.id and deleted_at is null
              and password_hash = coalesce(${confirmedHash ?? null}, password_hash)
            returning lower(u.email) <> lower(before.email) as "isNewAddress", u.email, u.name`;
          if (row && passwordHash !== undefined) await revokeTokens(tx, { userId });
          const data = { userId, email: row?.email ?? "", name: row?.name ?? "" };
          const drafts = row?.isNewAddress ? [{ type: "user.email_changed" as const, data }] : [];
          return { subject: userId, drafts, result: row !== undefined };
        })
        .catch(rethrowEmailTaken);
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
        // The user is updated first: a concurrent role grant or login waits for this lock and then finds the user deleted.
        await tx`
          update users set email = id || '@deleted.invalid', name = 'Deleted user', password_hash = '', deleted_at = now(),
            email_verified_at = null
          where id = ${userId} and deleted_at is null`;
        await requireAnotherAdmin(tx, userId);
        await tx`
          with removed as (delete from user_role where user_id = ${userId} returning user_id, role)
          insert into role_change (user_id, role, change, actor)
          select user_id, role, 'revoked', user_id from removed where role <> 'customer'`;
        await revokeTokens(tx, { userId });
      });
    },
  };
}

function rethrowEmailTaken(error: unknown): never {
  throw isUniqueViolation(error, "users_email") ? emailTaken() : error;
}
