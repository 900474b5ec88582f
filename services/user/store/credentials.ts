import type { Sql } from "@shop/kit/stores/postgres";
import type { CredentialStore } from "../deps";
import { type Credentials, trimEmail } from "../domain/account";

export const credentialStore = (sql: Sql): CredentialStore => ({
  async find(email) {
    const [row] = await sql<Credentials[]>`
      select id as "userId", password_hash as "passwordHash" from users
      where lower(email) = lower(${trimEmail(email)}) and deleted_at is null`;
    return row;
  },

  async findPasswordHash(userId) {
    const [row] = await sql<{ hash: string }[]>`
      select password_hash as hash from users where id = ${userId} and deleted_at is null`;
    return row?.hash;
  },
});
