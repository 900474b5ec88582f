import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import type { RoleStore } from "../deps";
import { lastAdmin } from "../domain/account";

export const roleStore = (sql: Sql): RoleStore => ({
  async grant({ userId, role, by }) {
    const [row] = await sql<{ isKnown: boolean; isNew: boolean }[]>`
      with known as (select id from users where id = ${userId} and deleted_at is null for share), added as (
        insert into user_role (user_id, role) select id, ${role} from known on conflict do nothing returning user_id, role
      ), recorded as (
        insert into role_change (user_id, role, change, actor) select user_id, role, 'granted', ${by} from added
      ) select exists (select from known) as "isKnown", exists (select from added) as "isNew"`;
    if (!row?.isKnown) return "unknown user";
    return row.isNew ? "granted" : "unchanged";
  },

  async revoke({ userId, role, by }) {
    return sql.begin(async (tx) => {
      if (role === "admin") await requireAnotherAdmin(tx, userId);
      const { count } = await tx`
        with removed as (delete from user_role where user_id = ${userId} and role = ${role} returning user_id, role)
        insert into role_change (user_id, role, change, actor) select user_id, role, 'revoked', ${by} from removed`;
      return count > 0;
    });
  },
});

export type RoleChangeEntry = { at: Date; role: string; change: "granted" | "revoked"; actor: string };

/** What `role_change` says about a user, oldest first. */
export const listRoleChanges = (sql: Sql, userId: string): Promise<RoleChangeEntry[]> =>
  sql<RoleChangeEntry[]>`select at, role, change, actor from role_change where user_id = ${userId} order by id`;

/**
 * Locks the role `admin`, so that two administrators who remove each other at the same time run one after the other.
 * @throws AppError `user.last_admin` (409) if the user is the only administrator
 */
export async function requireAnotherAdmin(tx: TransactionSql, leavingId: string): Promise<void> {
  await tx`select 1 from role where name = 'admin' for update`;
  const [row] = await tx<{ others: number; leaving: number }[]>`
    select count(*) filter (where user_id <> ${leavingId})::int as others,
      count(*) filter (where user_id = ${leavingId})::int as leaving
    from user_role where role = 'admin'`;
  if (row && row.leaving > 0 && row.others === 0) throw lastAdmin();
}
