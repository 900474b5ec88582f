import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Sql } from "@shop/kit/stores/postgres";
import { eventually } from "@shop/kit/testing/eventually";
import type { SessionStore } from "../deps";
import { type TestUserService, testUserService } from "../testing/user-service";
import { roleStore } from "./roles";
import { sessionStore } from "./sessions";

let service: TestUserService;
let sessions: SessionStore;
beforeAll(async () => {
  service = await testUserService();
  sessions = service.sessions;
});
afterAll(() => service.close());

/** Forces the critical order of a race: `first` commits only after `second` waits for its lock. */
async function whileHeld<T>(first: (tx: Sql) => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  let waiting: Promise<T> | undefined;
  await service.sql.begin(async (tx) => {
    await first(tx as unknown as Sql);
    waiting = second();
    await eventually(async () => {
      const blocked = await service.sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return blocked.length > 0;
    });
  });
  return waiting as Promise<T>;
}

async function anAccount() {
  const { id } = await service.register();
  return { id, passwordHash: (await service.deps.credentials.findPasswordHash(id)) as string };
}

/** A session of two tokens, the older one used, and the hash of a third one. */
async function aSession(account: { id: string; passwordHash: string }) {
  const [older, newer, next] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  await sessions.open({ userId: account.id, passwordHash: account.passwordHash, tokenHash: older });
  await sessions.rotate(older, newer);
  return { older, newer, next };
}

test("a reused token ends the session even while its newest token is rotated", async () => {
  const { older, newer, next } = await aSession(await anAccount());
  const result = await whileHeld(
    (tx) => sessionStore(tx).rotate(newer, next),
    () => sessions.rotate(older, crypto.randomUUID()),
  );
  expect(result).toBe("reused");
  expect(await sessions.rotate(next, crypto.randomUUID())).toBe("invalid");
});

test("a password change ends a session even while its token is rotated", async () => {
  const account = await anAccount();
  const { newer, next } = await aSession(account);
  await whileHeld(
    (tx) => sessionStore(tx).rotate(newer, next),
    () => service.deps.users.change(account.id, undefined, { passwordHash: "another" }),
  );
  expect(await sessions.rotate(next, crypto.randomUUID())).toBe("invalid");
});

test("a password change ends a session that is being opened with the old password", async () => {
  const { id: userId, passwordHash } = await anAccount();
  const tokenHash = crypto.randomUUID();
  await whileHeld(
    (tx) => sessionStore(tx).open({ userId, passwordHash, tokenHash }),
    () => service.deps.users.change(userId, undefined, { passwordHash: "another" }),
  );
  expect(await sessions.rotate(tokenHash, crypto.randomUUID())).toBe("invalid");
});

test("a change confirmed with an outdated password is refused", async () => {
  const { id: userId, passwordHash } = await anAccount();
  const { users, credentials } = service.deps;
  expect(await users.change(userId, passwordHash, { passwordHash: "another" })).toBe(true);
  expect(await users.change(userId, passwordHash, { passwordHash: "the thief's" })).toBe(false);
  expect(await credentials.findPasswordHash(userId)).toBe("another");
});

test("the old password opens no session while a password change commits", async () => {
  const { id: userId, passwordHash } = await anAccount();
  const opened = await whileHeld(
    (tx) => tx`update users set password_hash = 'another' where id = ${userId}`,
    () => sessions.open({ userId, passwordHash, tokenHash: crypto.randomUUID() }),
  );
  expect(opened).toBe(false);
});

test("a deleted user keeps no role that is granted concurrently", async () => {
  const { id } = await anAccount();
  const { users, roles } = service.deps;
  const by = "ops:test";
  const staying = await anAccount();
  await roles.grant({ userId: staying.id, role: "admin", by });
  await whileHeld(
    (tx) => roleStore(tx).grant({ userId: id, role: "admin", by }),
    () => users.erase(id),
  );
  const { id: other } = await anAccount();
  const granted = await whileHeld(
    (tx) => tx`update users set deleted_at = now() where id = ${other}`,
    () => roles.grant({ userId: other, role: "admin", by }),
  );
  expect(granted).toBe("unknown user");
  const admins = await service.sql`select user_id from user_role where role = 'admin'`;
  expect(admins.map((row) => row.user_id)).toEqual([staying.id]);
});
