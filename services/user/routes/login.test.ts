import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { logIn } from "../commands/log-in";
import { anEmail, password, type SessionBody, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

describe("POST /auth/login", () => {
  test("200: ignores the case of the address, and unknown fields", async () => {
    const { id, email } = await service.register();
    const body = { email: ` ${email.toUpperCase()} `, password, roles: ["admin"] };
    const response = await service.post<SessionBody>("/auth/login", body);
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id, roles: ["customer"] } });
  });

  test("401: gives the same answer for a wrong password and for an unknown account", async () => {
    const { email } = await service.register();
    const [wrong, unknown] = [await service.logIn(email, "wrong-password"), await service.logIn(anEmail())];
    for (const { status, body } of [wrong, unknown])
      expect([status, body.code]).toEqual([401, "auth.invalid_credentials"]);
  });

  test("422: requires a password", async () => {
    expect((await service.post("/auth/login", { email: anEmail() })).status).toBe(422);
  });

  test("429: after ten wrong passwords, refuses even the right one and sends Retry-After", async () => {
    const { email } = await service.register();
    for (let attempt = 0; attempt < 10; attempt++)
      expect((await service.logIn(email, "wrong-password")).status).toBe(401);
    const { status, body, headers } = await service.logIn(email.toUpperCase());
    expect([status, body.code]).toEqual([429, "auth.throttled"]);
    expect(Number(headers.get("retry-after"))).toBeWithin(880, 901);
  });

  test("429: of fifty concurrent wrong passwords, only ten are checked", async () => {
    const { email } = await service.register();
    const responses = await Promise.all(Array.from({ length: 50 }, () => service.logIn(email, "wrong-password")));
    expect(responses.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(40);
  });

  test("200: right passwords are not limited, and reset the account's count", async () => {
    const { email } = await service.register();
    for (let attempt = 0; attempt < 9; attempt++) await service.logIn(email, "wrong-password");
    expect((await service.logIn(email)).status).toBe(200);
    const responses = await Promise.all(Array.from({ length: 15 }, () => service.logIn(email)));
    expect(responses.map(({ status }) => status)).toEqual(Array(15).fill(200));
    expect((await service.logIn(email, "wrong-password")).status).toBe(401);
  });

  test("401: opens no session if the password changes while it is checked", async () => {
    const { id, email } = await service.register();
    const { deps } = service;
    const changesPasswordFirst = {
      ...deps,
      users: {
        ...deps.users,
        find: async (userId: string) => {
          await deps.users.change(id, undefined, { passwordHash: "another" });
          return deps.users.find(userId);
        },
      },
    };
    const login = logIn(changesPasswordFirst, { email, password, clientAddress: "direct" });
    await expect(login).rejects.toThrow("wrong");
  });
});
