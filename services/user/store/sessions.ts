import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import type { RotationResult, SessionStore } from "../deps";
import { refreshLifetimeDays } from "../domain/session";

/**
 * Revokes all tokens of one user, or of the session that a token belongs to. A concurrent rotation may insert a token
 * that the statement does not see. The statement waits for the rotation's lock, so the next run sees that token: the
 * statement is repeated until it finds no token.
 */
export async function revokeTokens(
  sql: Sql | TransactionSql,
  owner: { userId: string } | { tokenHash: string },
): Promise<void> {
  const belongsToOwner =
    "userId" in owner
      ? sql`user_id = ${owner.userId}`
      : sql`family_id = (select family_id from refresh_token where token_hash = ${owner.tokenHash})`;
  for (;;) {
    // Locks the tokens in a fixed order, so that two revocations of the same tokens cannot deadlock.
    const revoked = await sql`
      with live as (
        select token_hash from refresh_token where ${belongsToOwner} and revoked_at is null order by token_hash for update
      )
      update refresh_token set revoked_at = now() from live where refresh_token.token_hash = live.token_hash`;
    if (revoked.count === 0) return;
  }
}

export function sessionStore(sql: Sql): SessionStore {
  return {
    async open({ userId, passwordHash, tokenHash }) {
      // A concurrent password change does not see this session when it revokes the user's sessions. `for share` waits for it,
      // and then finds that the hash has changed.
      const opened = await sql`
        with holder as (
          select id from users where id = ${userId} and password_hash = ${passwordHash} and deleted_at is null for share
        )
        insert into refresh_token (token_hash, family_id, user_id, expires_at)
        select ${tokenHash}, gen_random_uuid(), id, now() + make_interval(days => ${refreshLifetimeDays}) from holder`;
      return opened.count === 1;
    },

    async rotate(tokenHash, nextHash): Promise<RotationResult> {
      // Of two concurrent rotations the second waits for the first's lock and then finds the token used.
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
