import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import type { RoleStore } from "../deps";
import { lastAdmin } from "../domain/account";

export const roleStore = (sql: Sql): RoleStore => ({
  async grant(userId, role) {
    const rows = await sql`
      with known as (select id from users where id = ${userId} and deleted_at is null for share), added as (
        insert into user_role (user_id, role) select id, ${role} from known on conflict do nothing
      ) select 1 from known`;
    return rows.length > 0;
  },

  async revoke(userId, role) {
    await sql.begin(async (tx) => {
      if (role === "admin") await requireAnotherAdmin(tx, userId);
      await tx`delete from user_role where user_id = ${userId} and role = ${role}`;
    });
  },
});

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
