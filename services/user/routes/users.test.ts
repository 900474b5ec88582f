import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anEmail, password, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

type Body = { code: string; id: string; email: string; name: string; roles: string[]; permissions: string[] };
const send = (method: string, path: string, who?: { authorization: string }, body?: unknown) =>
  service.send<Body>(method, path, { authorization: who?.authorization, body });
const refresh = (refreshToken: string) => service.post("/auth/refresh", { refreshToken });

describe("GET /users/profile", () => {
  test("200: who I am and what I may", async () => {
    const support = await service.registerAs("support");
    const { status, body } = await send("GET", "/users/profile", support);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: support.id, email: support.email, name: "Ada", roles: ["customer", "support"] });
    expect(body.permissions).toContain("users:read");
    expect(JSON.stringify(body)).not.toContain("argon2id");
  });

  test("401: no token", async () => {
    expect((await send("GET", "/users/profile")).body.code).toBe("auth.token_missing");
  });
});

describe("PUT /users/profile", () => {
  const put = (who: { authorization: string }, body: unknown) => send("PUT", "/users/profile", who, body);

  test("200: a new name, with the address sent back as it was", async () => {
    const ada = await service.register();
    const { status, body } = await put(ada, { name: " Ada L. ", email: ada.email });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ada.id, email: ada.email, name: "Ada L." });
  });

  test("200: a new address, to log in with", async () => {
    const ada = await service.register();
    const email = anEmail();
    expect((await put(ada, { email, currentPassword: password })).body.email).toBe(email);
    expect((await service.logIn(email)).status).toBe(200);
    expect((await service.logIn(ada.email)).status).toBe(401);
  });

  test("200: a new password ends every session", async () => {
    const ada = await service.register();
    const { body: other } = await service.logIn(ada.email);
    expect((await put(ada, { password: "another-password", currentPassword: password })).status).toBe(200);
    for (const token of [ada.refreshToken, other.refreshToken]) expect((await refresh(token)).status).toBe(401);
    expect((await service.logIn(ada.email)).status).toBe(401);
    expect((await service.logIn(ada.email, "another-password")).status).toBe(200);
  });

  test.each([
    ["a new password", { password: "another-password" }],
    ["a new password with a wrong one", { password: "another-password", currentPassword: "wrong" }],
    ["a new address", { email: anEmail() }],
  ])("403: %s needs the current password", async (_, body) => {
    const answer = await put(await service.register(), body);
    expect([answer.status, answer.body.code]).toEqual([403, "user.current_password_wrong"]);
  });

  test("429: the current password is not to be guessed here either", async () => {
    const ada = await service.register();
    const guess = { password: "another-password", currentPassword: "wrong" };
    for (let tries = 0; tries < 10; tries++) expect((await put(ada, guess)).status).toBe(403);
    expect((await put(ada, { ...guess, currentPassword: password })).body.code).toBe("auth.throttled");
  });

  test("409: the address is somebody else's", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    const { status, body } = await put(eve, { email: ada.email.toUpperCase(), currentPassword: password });
    expect([status, body.code]).toEqual([409, "auth.email_taken"]);
  });

  test.each([[{}], [{ name: "  " }], [{ email: "ada" }], [{ password: "short", currentPassword: password }]])(
    "422: %j",
    async (body) => {
      expect((await put(await service.register(), body)).status).toBe(422);
    },
  );

  test("401 without a token, 404 once the user is gone", async () => {
    expect((await put({ authorization: "" }, { name: "Ada" })).status).toBe(401);
    const ada = await service.register();
    await service.deps.users.erase(ada.id);
    expect((await put(ada, { name: "Ada" })).status).toBe(404);
  });
});

describe("DELETE /users/profile", () => {
  test("204: nothing personal is left, sessions and login are over, the address is free", async () => {
    const ada = await service.register();
    expect((await send("DELETE", "/users/profile", ada)).status).toBe(204);
    expect((await send("DELETE", "/users/profile", ada)).status).toBe(204);
    expect((await service.logIn(ada.email)).body.code).toBe("auth.invalid_credentials");
    expect((await refresh(ada.refreshToken)).status).toBe(401);
    expect((await send("GET", "/users/profile", ada)).body.code).toBe("user.not_found");
    const [row] = await service.sql`select name, email, password_hash from users where id = ${ada.id}`;
    expect(row).toEqual({ name: "Deleted user", email: `${ada.id}@deleted.invalid`, password_hash: "" });
    expect(await service.sql`select 1 from user_role where user_id = ${ada.id}`).toHaveLength(0);
    expect((await service.register(ada.email)).id).not.toBe(ada.id);
  });

  test("401: no token", async () => {
    expect((await send("DELETE", "/users/profile")).status).toBe(401);
  });
});

describe("GET /users/{id}", () => {
  test("200: oneself, however the id is written, and anybody with users:read", async () => {
    const [ada, support] = [await service.register(), await service.registerAs("support")];
    expect((await send("GET", `/users/${ada.id}`, ada)).body.email).toBe(ada.email);
    expect((await send("GET", `/users/${ada.id.toUpperCase()}`, ada)).status).toBe(200);
    expect((await send("GET", `/users/${ada.id}`, support)).body.email).toBe(ada.email);
  });

  test("404: somebody else, and nobody, answer the same", async () => {
    const [ada, eve, support] = [
      await service.register(),
      await service.register(),
      await service.registerAs("support"),
    ];
    const nobody = Bun.randomUUIDv7();
    for (const [id, who] of [
      [ada.id, eve],
      [nobody, eve],
      [nobody, support],
    ] as const) {
      const { status, body } = await send("GET", `/users/${id}`, who);
      expect([status, body.code]).toEqual([404, "user.not_found"]);
    }
  });

  test("401: no token; 422: no id", async () => {
    const ada = await service.register();
    expect((await send("GET", `/users/${ada.id}`)).status).toBe(401);
    expect((await send("GET", "/users/7", ada)).status).toBe(422);
  });
});

describe("GET /users", () => {
  test("200: everybody once, newest first, page by page; who was erased is not among them", async () => {
    const support = await service.registerAs("support");
    const people = [await service.register(), await service.register(), await service.register()];
    const gone = await service.register();
    await service.deps.users.erase(gone.id);
    const found: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const path: string = `/users?limit=2${cursor && `&cursor=${cursor}`}`;
      const { status, body } = await service.send<{ items: Body[]; nextCursor: string | null }>("GET", path, support);
      expect(status).toBe(200);
      found.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(found).toEqual([...found].sort().reverse());
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining([support.id, ...people.map(({ id }) => id)]));
    expect(found).not.toContain(gone.id);
  });

  test("401, 403, 422", async () => {
    expect((await send("GET", "/users")).status).toBe(401);
    expect((await send("GET", "/users", await service.register())).body.code).toBe("auth.permission_missing");
    const support = await service.registerAs("support");
    for (const query of ["limit=0", "limit=101", "limit=x", "cursor=7"])
      expect((await send("GET", `/users?${query}`, support)).status).toBe(422);
  });
});

describe("POST and DELETE /users/{id}/roles", () => {
  test("200: a role is given, twice is once, and taken", async () => {
    const [admin, ada] = [await service.registerAs("admin"), await service.register()];
    for (let times = 0; times < 2; times++) {
      const { status, body } = await send("POST", `/users/${ada.id}/roles`, admin, { role: "support" });
      expect([status, body.roles]).toEqual([200, ["customer", "support"]]);
    }
    expect((await service.logIn(ada.email)).body.user.roles).toContain("support");
    for (let times = 0; times < 2; times++)
      expect((await send("DELETE", `/users/${ada.id}/roles/support`, admin)).body.roles).toEqual(["customer"]);
  });

  test("401: no token; 403: support may not", async () => {
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

  test("404: nobody; 422: no such role", async () => {
    const [admin, ada, nobody] = [await service.registerAs("admin"), await service.register(), Bun.randomUUIDv7()];
    expect((await send("POST", `/users/${nobody}/roles`, admin, { role: "support" })).status).toBe(404);
    expect((await send("DELETE", `/users/${nobody}/roles/support`, admin)).status).toBe(404);
    expect((await send("POST", `/users/${ada.id}/roles`, admin, { role: "owner" })).status).toBe(422);
    expect((await send("DELETE", `/users/${ada.id}/roles/owner`, admin)).status).toBe(422);
    expect((await send("POST", "/users/7/roles", admin, { role: "support" })).status).toBe(422);
  });
});

describe("the last administrator", () => {
  /** Two, and no others. */
  async function twoAdmins() {
    await service.sql`delete from user_role where role = 'admin'`;
    return [await service.registerAs("admin"), await service.registerAs("admin")] as const;
  }
  const admins = async () => (await service.sql`select 1 from user_role where role = 'admin'`).length;

  test("409: cannot give the role up, nor leave", async () => {
    const [one, other] = await twoAdmins();
    expect((await send("DELETE", `/users/${other.id}/roles/admin`, one)).status).toBe(200);
    const revoked = await send("DELETE", `/users/${one.id}/roles/admin`, one);
    expect([revoked.status, revoked.body.code]).toEqual([409, "user.last_admin"]);
    expect((await send("DELETE", "/users/profile", one)).body.code).toBe("user.last_admin");
    expect((await service.logIn(one.email)).status).toBe(200);
    expect((await send("DELETE", `/users/${one.id}/roles/customer`, one)).status).toBe(200);
  });

  test("200 and 409: two who remove each other at once leave one", async () => {
    for (let round = 0; round < 5; round++) {
      const [one, other] = await twoAdmins();
      const answers = await Promise.all([
        send("DELETE", `/users/${other.id}/roles/admin`, one),
        send("DELETE", `/users/${one.id}/roles/admin`, other),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(await admins()).toBe(1);
    }
  });

  test("204 and 409: two who leave at once leave one", async () => {
    for (let round = 0; round < 5; round++) {
      const both = await twoAdmins();
      const answers = await Promise.all(both.map((admin) => send("DELETE", "/users/profile", admin)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect(await admins()).toBe(1);
    }
  });
});
