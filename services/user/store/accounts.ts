import type { Sql } from "@shop/kit/stores/postgres";
import type { AccountPage } from "../deps";
import type { Account } from "../domain/account";

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

/** Accounts that are not deleted. */
export function accountReads(sql: Sql) {
  const selectAccounts = (where: ReturnType<Sql>) => sql<Row[]>`
    select u.id, u.email, u.email_verified_at is not null as "emailVerified", u.name, u.created_at,
      array(select role from user_role where user_id = u.id order by role) as roles,
      array(select distinct p.permission from user_role r join role_permission p on p.role = r.role
        where r.user_id = u.id order by 1) as permissions
    from users u where u.deleted_at is null ${where}`;
  const findOne = async (where: ReturnType<Sql>) => (await selectAccounts(where)).map(toAccount)[0];

  return {
    find: (id: string): Promise<Account | undefined> => findOne(sql`and u.id = ${id}`),
    /** Regardless of case and surrounding spaces. */
    findByEmail: (email: string): Promise<Account | undefined> =>
      findOne(sql`and lower(u.email) = lower(${email.trim()})`),
    /** Newest first. */
    async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<AccountPage> {
      const after = cursor ? sql`and u.id < ${cursor}` : sql``;
      const rows = await selectAccounts(sql`${after} order by u.id desc limit ${limit + 1}`);
      const items = rows.slice(0, limit).map(toAccount);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
  };
}
