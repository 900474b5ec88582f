import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { password, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

describe("POST /auth/refresh", () => {
  test("200: issues new tokens with the current roles", async () => {
    const { id, refreshToken } = await service.register();
    await service.deps.roles.grant({ userId: id, role: "support", by: "ops:test" });
    const { status, body } = await service.refresh(refreshToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id, roles: ["customer", "support"] } });
    expect(body.refreshToken).not.toBe(refreshToken);
  });

  test("401: a reused token ends its session, the newest token included, and no other session", async () => {
    const { refreshToken, email } = await service.register();
    const { body: otherSession } = await service.logIn(email);
    const { body: newest } = await service.refresh(refreshToken);
    const reused = await service.refresh(refreshToken);
    expect([reused.status, reused.body.code]).toEqual([401, "auth.refresh_reused"]);
    expect((await service.refresh(newest.refreshToken)).body.code).toBe("auth.refresh_invalid");
    expect((await service.refresh(otherSession.refreshToken)).status).toBe(200);
  });

  test("401: of ten concurrent requests with one token, one succeeds and the session ends", async () => {
    const { refreshToken } = await service.register();
    const responses = await Promise.all(Array.from({ length: 10 }, () => service.refresh(refreshToken)));
    const won = responses.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const { status, body } of responses.filter((response) => !won.includes(response)))
      expect([status, body.code]).toEqual([401, "auth.refresh_reused"]);
    expect((await service.refresh(won[0]?.body.refreshToken as string)).status).toBe(401);
  });

  test("401: refuses an unknown token and one older than 30 days", async () => {
    expect((await service.refresh("unknown")).body.code).toBe("auth.refresh_invalid");
    const { id, refreshToken } = await service.register();
    await service.sql`
      update refresh_token set created_at = now() - interval '31 days', expires_at = now() - interval '1 second'
      where user_id = ${id}`;
    const { status, body } = await service.refresh(refreshToken);
    expect([status, body.code]).toEqual([401, "auth.refresh_invalid"]);
  });

  test("422: requires a token", async () => {
    expect((await service.post("/auth/refresh", {})).status).toBe(422);
  });
});

describe("POST /auth/logout", () => {
  test("204: ends the session; repeated requests and unknown tokens succeed too", async () => {
    const { refreshToken } = await service.register();
    const { body } = await service.refresh(refreshToken);
    for (const token of [refreshToken, body.refreshToken, "unknown"])
      expect((await service.post("/auth/logout", { refreshToken: token })).status).toBe(204);
    expect((await service.refresh(body.refreshToken)).status).toBe(401);
  });

  test("422: requires a token", async () => {
    expect((await service.post("/auth/logout", {})).status).toBe(422);
  });
});

test("the database contains no password and no refresh token in plain text", async () => {
  const { refreshToken } = await service.register();
  const rows = await service.sql`
    select (select json_agg(refresh_token) from refresh_token)::text || (select json_agg(users) from users)::text as all`;
  expect(rows[0]?.all).not.toContain(refreshToken);
  expect(rows[0]?.all).not.toContain(password);
});
