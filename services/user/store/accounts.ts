import type { Sql } from "@shop/kit/stores/postgres";
import type { AccountPage } from "../deps";
import { type Account, trimEmail } from "../domain/account";

/** Accounts that are not deleted. */
export function accountReads(sql: Sql) {
  const selectAccounts = (where: ReturnType<Sql>) => sql<Account[]>`
    select u.id, u.email, u.email_verified_at is not null as "emailVerified", u.name,
      array(select role from user_role where user_id = u.id order by role) as roles,
      array(select distinct p.permission from user_role r join role_permission p on p.role = r.role
        where r.user_id = u.id order by 1) as permissions, u.created_at as "createdAt"
    from users u where u.deleted_at is null ${where}`;
  const findOne = async (where: ReturnType<Sql>) => (await selectAccounts(where))[0];

  return {
    find: (id: string): Promise<Account | undefined> => findOne(sql`and u.id = ${id}`),
    /** Regardless of case and surrounding spaces. */
    findByEmail: (email: string): Promise<Account | undefined> =>
      findOne(sql`and lower(u.email) = lower(${trimEmail(email)})`),
    /** Newest first. */
    async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<AccountPage> {
      const after = cursor ? sql`and u.id < ${cursor}` : sql``;
      const rows = await selectAccounts(sql`${after} order by u.id desc limit ${limit + 1}`);
      const items = rows.slice(0, limit);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
  };
}
