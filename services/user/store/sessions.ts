import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import type { Rotation, SessionStore } from "../deps";
import { refreshLifetimeDays } from "../domain/session";

/**
 * Revokes all tokens of one user, or of the session that one token belongs to. A rotation under way may add a token that
 * the statement does not see yet, but it holds a lock that the statement waits for: so again, until there is none.
 */
export async function revokeTokens(
  sql: Sql | TransactionSql,
  of: { userId: string } | { tokenHash: string },
): Promise<void> {
  const whose =
    "userId" in of
      ? sql`user_id = ${of.userId}`
      : sql`family_id = (select family_id from refresh_token where token_hash = ${of.tokenHash})`;
  for (;;) {
    // Locked in one order, so that two who revoke the same tokens do not wait for each other.
    const revoked = await sql`
      with live as (
        select token_hash from refresh_token where ${whose} and revoked_at is null order by token_hash for update
      )
      update refresh_token set revoked_at = now() from live where refresh_token.token_hash = live.token_hash`;
    if (revoked.count === 0) return;
  }
}

export function sessionStore(sql: Sql): SessionStore {
  return {
    async open({ userId, passwordHash, tokenHash }) {
      // The lock waits for a change of the password under way, which would not see this session when it ends them all.
      const opened = await sql`
        with holder as (
          select id from users where id = ${userId} and password_hash = ${passwordHash} and deleted_at is null for share
        )
        insert into refresh_token (token_hash, family_id, user_id, expires_at)
        select ${tokenHash}, gen_random_uuid(), id, now() + make_interval(days => ${refreshLifetimeDays}) from holder`;
      return opened.count === 1;
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
      await revokeTokens(sql, { tokenHash });
      return "reused";
    },

    end: (tokenHash) => revokeTokens(sql, { tokenHash }),
  };
}
