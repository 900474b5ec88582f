import type { Sql } from "@shop/kit/postgres";
import type { Rotation, SessionStore } from "../deps";
import { refreshLifetimeDays } from "../domain/session";

export function sessionStore(sql: Sql): SessionStore & { forgetExpired(): Promise<void> } {
  const endFamily = (tokenHash: string) => sql`
    update refresh_token set revoked_at = now()
    where revoked_at is null and family_id = (select family_id from refresh_token where token_hash = ${tokenHash})`;

  return {
    async open(userId, tokenHash) {
      await sql`
        insert into refresh_token (token_hash, family_id, user_id, expires_at)
        values (${tokenHash}, gen_random_uuid(), ${userId}, now() + make_interval(days => ${refreshLifetimeDays}))`;
    },

    async rotate(tokenHash, nextHash): Promise<Rotation> {
      // Of two at once the second waits for the first's lock, and then finds the token used.
      const [row] = await sql<{ user_id: string }[]>`
        with used as (
          update refresh_token set used_at = now()
          where token_hash = ${tokenHash} and used_at is null and revoked_at is null and expires_at > now()
          returning family_id, user_id
        )
        insert into refresh_token (token_hash, family_id, user_id, expires_at)
        select ${nextHash}, family_id, user_id, now() + make_interval(days => ${refreshLifetimeDays}) from used
        returning user_id`;
      if (row) return { userId: row.user_id };
      const [seen] = await sql<{ used: boolean }[]>`
        select used_at is not null as used from refresh_token where token_hash = ${tokenHash}`;
      if (!seen?.used) return "invalid";
      await endFamily(tokenHash);
      return "reused";
    },

    async end(tokenHash) {
      await endFamily(tokenHash);
    },

    async forgetExpired() {
      await sql`delete from refresh_token where expires_at < now() - interval '1 day'`;
    },
  };
}
