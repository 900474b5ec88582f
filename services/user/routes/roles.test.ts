import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { listRoleChanges } from "../store/roles";
import { type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

type Body = { code: string; roles: string[] };
const send = (method: string, path: string, sender?: { authorization: string }, body?: unknown) =>
  service.send<Body>(method, path, { authorization: sender?.authorization, body });

describe("POST and DELETE /users/{id}/roles", () => {
  test("200: grants and revokes a role; a repetition changes nothing", async () => {
    const [admin, ada] = [await service.registerAs("admin"), await service.register()];
    for (let times = 0; times < 2; times++) {
      const { status, body } = await send("POST", `/users/${ada.id}/roles`, admin, { role: "support" });
      expect([status, body.roles]).toEqual([200, ["customer", "support"]]);
    }
    expect((await service.logIn(ada.email)).body.user.roles).toContain("support");
    for (let times = 0; times < 2; times++)
      expect((await send("DELETE", `/users/${ada.id}/roles/support`, admin)).body.roles).toEqual(["customer"]);
  });

  test("each change is recorded once, with who made it; the deletion of the account ends its roles", async () => {
    const [admin, ada] = [await service.registerAs("admin"), await service.register()];
    for (let times = 0; times < 2; times++) await send("POST", `/users/${ada.id}/roles`, admin, { role: "support" });
    for (let times = 0; times < 2; times++) await send("DELETE", `/users/${ada.id}/roles/support`, admin);
    await send("POST", `/users/${ada.id}/roles`, admin, { role: "admin" });
    await service.deps.users.erase(ada.id);
    const entries = await listRoleChanges(service.sql, ada.id);
    expect(entries.map(({ role, change, actor }) => [change, role, actor])).toEqual([
      ["granted", "support", admin.id],
      ["revoked", "support", admin.id],
      ["granted", "admin", admin.id],
      ["revoked", "admin", ada.id],
    ]);
    expect(entries.every(({ at }) => at.getTime() > Date.now() - 60_000)).toBe(true);
  });

  test("a change that is refused is not recorded", async () => {
    const admin = await service.registerAs("admin");
    await service.sql`delete from user_role where role = 'admin' and user_id <> ${admin.id}`;
    expect((await send("DELETE", `/users/${admin.id}/roles/admin`, admin)).status).toBe(409);
    expect((await listRoleChanges(service.sql, admin.id)).map(({ change }) => change)).toEqual(["granted"]);
    const unknown = Bun.randomUUIDv7();
    expect((await send("POST", `/users/${unknown}/roles`, admin, { role: "support" })).status).toBe(404);
    expect(await listRoleChanges(service.sql, unknown)).toEqual([]);
  });

  test("401 without an access token, 403 without roles:write", async () => {
    const [ada, support] = [await service.register(), await service.registerAs("support")];
    for (const [method, path] of [
      ["POST", `/users/${ada.id}/roles`],
      ["DELETE", `/users/${ada.id}/roles/support`],
    ] as const) {
      const body = method === "POST" ? { role: "support" } : undefined;
      expect((await send(method, path, undefined, body)).status).toBe(401);
      expect((await send(method, path, support, body)).body.code).toBe("auth.permission_missing");
    }
  });

  test("404 for an unknown user, 422 for an unknown role or an invalid id", async () => {
    const [admin, ada, unknown] = [await service.registerAs("admin"), await service.register(), Bun.randomUUIDv7()];
    expect((await send("POST", `/users/${unknown}/roles`, admin, { role: "support" })).status).toBe(404);
    expect((await send("DELETE", `/users/${unknown}/roles/support`, admin)).status).toBe(404);
    expect((await send("POST", `/users/${ada.id}/roles`, admin, { role: "owner" })).status).toBe(422);
    expect((await send("DELETE", `/users/${ada.id}/roles/owner`, admin)).status).toBe(422);
    expect((await send("POST", "/users/7/roles", admin, { role: "support" })).status).toBe(422);
  });
});

describe("the last administrator", () => {
  /** Exactly two administrators. */
  async function twoAdmins() {
    await service.sql`delete from user_role where role = 'admin'`;
    return [await service.registerAs("admin"), await service.registerAs("admin")] as const;
  }
  const countAdmins = async () => (await service.sql`select 1 from user_role where role = 'admin'`).length;

  test("409: can neither give up the role nor delete the account", async () => {
    const [one, other] = await twoAdmins();
    expect((await send("DELETE", `/users/${other.id}/roles/admin`, one)).status).toBe(200);
    const revoked = await send("DELETE", `/users/${one.id}/roles/admin`, one);
    expect([revoked.status, revoked.body.code]).toEqual([409, "user.last_admin"]);
    expect((await send("DELETE", "/users/profile", one)).body.code).toBe("user.last_admin");
    expect((await service.logIn(one.email)).status).toBe(200);
    expect((await send("DELETE", `/users/${one.id}/roles/customer`, one)).status).toBe(200);
  });

  test("200 and 409: when two administrators remove each other concurrently, one remains", async () => {
    for (let round = 0; round < 5; round++) {
      const [one, other] = await twoAdmins();
      const responses = await Promise.all([
        send("DELETE", `/users/${other.id}/roles/admin`, one),
        send("DELETE", `/users/${one.id}/roles/admin`, other),
      ]);
      expect(responses.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(await countAdmins()).toBe(1);
    }
  });

  test("204 and 409: when two administrators delete their accounts concurrently, one remains", async () => {
    for (let round = 0; round < 5; round++) {
      const both = await twoAdmins();
      const responses = await Promise.all(both.map((admin) => send("DELETE", "/users/profile", admin)));
      expect(responses.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect(await countAdmins()).toBe(1);
    }
  });
});
