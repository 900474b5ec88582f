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
const send = (method: string, sender?: { authorization: string }, body?: unknown) =>
  service.send<Body>(method, "/users/profile", { authorization: sender?.authorization, body });

describe("GET /users/profile", () => {
  test("200: returns the user with roles and permissions, without the password hash", async () => {
    const support = await service.registerAs("support");
    const { status, body } = await send("GET", support);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: support.id, email: support.email, name: "Ada", roles: ["customer", "support"] });
    expect(body.permissions).toContain("users:read");
    expect(JSON.stringify(body)).not.toContain("argon2id");
  });

  test("401: requires an access token", async () => {
    expect((await send("GET")).body.code).toBe("auth.token_missing");
  });
});

describe("PUT /users/profile", () => {
  const put = (sender: { authorization: string }, body: unknown) => send("PUT", sender, body);

  test("200: changes the name without a password if the address stays the same", async () => {
    const ada = await service.register();
    const { status, body } = await put(ada, { name: " Ada L. ", email: ada.email });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ada.id, email: ada.email, name: "Ada L." });
  });

  test("200: after a change of address, only the new address can log in", async () => {
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
    for (const token of [ada.refreshToken, other.refreshToken]) expect((await service.refresh(token)).status).toBe(401);
    expect((await service.logIn(ada.email)).status).toBe(401);
    expect((await service.logIn(ada.email, "another-password")).status).toBe(200);
  });

  test.each([
    ["a new password without the current one", { password: "another-password" }],
    ["a new password with a wrong current one", { password: "another-password", currentPassword: "wrong" }],
    ["a new address without the current password", { email: anEmail() }],
  ])("403: refuses %s", async (_, body) => {
    const response = await put(await service.register(), body);
    expect([response.status, response.body.code]).toEqual([403, "user.current_password_wrong"]);
  });

  test("429: limits wrong current passwords like a login", async () => {
    const ada = await service.register();
    const guess = { password: "another-password", currentPassword: "wrong" };
    for (let attempt = 0; attempt < 10; attempt++) expect((await put(ada, guess)).status).toBe(403);
    expect((await put(ada, { ...guess, currentPassword: password })).body.code).toBe("auth.throttled");
  });

  test("409: rejects another user's address, whatever its case", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    const { status, body } = await put(eve, { email: ada.email.toUpperCase(), currentPassword: password });
    expect([status, body.code]).toEqual([409, "auth.email_taken"]);
  });

  test.each([[{}], [{ name: "  " }], [{ email: "ada" }], [{ password: "short", currentPassword: password }]])(
    "422: rejects %j",
    async (body) => {
      expect((await put(await service.register(), body)).status).toBe(422);
    },
  );

  test("401 without an access token, 404 after the user is deleted", async () => {
    expect((await put({ authorization: "" }, { name: "Ada" })).status).toBe(401);
    const ada = await service.register();
    await service.deps.users.erase(ada.id);
    expect((await put(ada, { name: "Ada" })).status).toBe(404);
  });
});

describe("DELETE /users/profile", () => {
  test("204: removes personal data, roles and sessions, and frees the address; a repetition succeeds", async () => {
    const ada = await service.register();
    expect((await send("DELETE", ada)).status).toBe(204);
    expect((await send("DELETE", ada)).status).toBe(204);
    expect((await service.logIn(ada.email)).body.code).toBe("auth.invalid_credentials");
    expect((await service.refresh(ada.refreshToken)).status).toBe(401);
    expect((await send("GET", ada)).body.code).toBe("user.not_found");
    const [row] = await service.sql`select name, email, password_hash from users where id = ${ada.id}`;
    expect(row).toEqual({ name: "Deleted user", email: `${ada.id}@deleted.invalid`, password_hash: "" });
    expect(await service.sql`select 1 from user_role where user_id = ${ada.id}`).toHaveLength(0);
    expect((await service.register(ada.email)).id).not.toBe(ada.id);
  });

  test("401: requires an access token", async () => {
    expect((await send("DELETE")).status).toBe(401);
  });
});
