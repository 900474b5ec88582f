import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import {
  anEmail,
  issuer,
  password,
  type SessionBody,
  type TestUserService,
  testUserService,
} from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

const refresh = (refreshToken: string) =>
  service.post<SessionBody & { code: string }>("/auth/refresh", { refreshToken });

describe("POST /auth/register", () => {
  const path = "/auth/register";

  test("201: an account with the role customer, and a session", async () => {
    const email = anEmail();
    const { status, body } = await service.post<SessionBody>(path, { email: `  ${email} `, password, name: " Ada " });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      tokenType: "Bearer",
      expiresIn: 900,
      user: { email, name: "Ada", roles: ["customer"] },
    });
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });

  test("201: tells it, in the same transaction, without the password", async () => {
    const { id, email } = await service.register();
    const [told, ...more] = await service.sql`select body from outbox where subject = ${id}`;
    expect(told?.body).toMatchObject({ type: "user.registered", data: { userId: id, email, name: "Ada" } });
    expect(JSON.stringify(told)).not.toContain(password);
    expect(more).toEqual([]);
  });

  test("201: passwords are kept as argon2id with OWASP's parameters", async () => {
    const { id } = await service.register();
    expect(await service.deps.users.passwordHashOf(id)).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test("409: the address is taken, in any case", async () => {
    const { email } = await service.register();
    const { status, body } = await service.post(path, { email: email.toUpperCase(), password, name: "Eve" });
    expect([status, body.code]).toEqual([409, "auth.email_taken"]);
  });

  test("201 and 409: of two at once one gets the address, and one is told of", async () => {
    const email = anEmail();
    const answers = await Promise.all(
      [email, email.toUpperCase()].map((each) => service.post(path, { email: each, password, name: "Ada" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const told = await service.sql`select 1 from outbox where lower(body->'data'->>'email') = ${email}`;
    expect(told).toHaveLength(1);
  });

  test.each([
    ["a password of 7 characters", { password: "1234567" }],
    ["a password of 201 characters", { password: "x".repeat(201) }],
    ["no e-mail address", { email: "ada" }],
    ["an e-mail address without a domain", { email: "ada@example" }],
    ["an e-mail address of 255 characters", { email: `${"a".repeat(242)}@example.test` }],
    ["an empty name", { name: "" }],
    ["a name of spaces", { name: "   " }],
    ["a name of 101 characters", { name: "x".repeat(101) }],
    ["a name that is no text", { name: 7 }],
  ])("422: %s", async (_, wrong) => {
    expect((await service.post(path, { email: anEmail(), password, name: "Ada", ...wrong })).status).toBe(422);
  });

  test("201: the longest password and name there may be", async () => {
    const longest = { email: anEmail(), password: "x".repeat(200), name: "x".repeat(100) };
    expect((await service.post(path, longest)).status).toBe(201);
  });
});

describe("POST /auth/login", () => {
  test("200: in any case of the address; what else is sent is ignored", async () => {
    const { id, email } = await service.register();
    const body = { email: ` ${email.toUpperCase()} `, password, roles: ["admin"] };
    const answer = await service.post<SessionBody>("/auth/login", body);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id, roles: ["customer"] } });
  });

  test("401: a wrong password and an unknown account answer the same", async () => {
    const { email } = await service.register();
    const [wrong, unknown] = [await service.logIn(email, "wrong-password"), await service.logIn(anEmail())];
    for (const { status, body } of [wrong, unknown])
      expect([status, body.code]).toEqual([401, "auth.invalid_credentials"]);
  });

  test("422: no password", async () => {
    expect((await service.post("/auth/login", { email: anEmail() })).status).toBe(422);
  });

  test("429: after ten wrong passwords, even with the right one, and says when to come back", async () => {
    const { email } = await service.register();
    for (let tries = 0; tries < 10; tries++) expect((await service.logIn(email, "wrong-password")).status).toBe(401);
    const { status, body, headers } = await service.logIn(email.toUpperCase());
    expect([status, body.code]).toEqual([429, "auth.throttled"]);
    expect(Number(headers.get("retry-after"))).toBeWithin(880, 901);
  });

  test("429: of fifty wrong passwords at once ten get an answer", async () => {
    const { email } = await service.register();
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.logIn(email, "wrong-password")));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
  });

  test("200: right passwords are never too many, and clear the count", async () => {
    const { email } = await service.register();
    for (let tries = 0; tries < 9; tries++) await service.logIn(email, "wrong-password");
    expect((await service.logIn(email)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 15 }, () => service.logIn(email)));
    expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200));
    expect((await service.logIn(email, "wrong-password")).status).toBe(401);
  });

  test("401: a password that is changed while it is checked opens no session", async () => {
    const { id, email } = await service.register();
    const deps = service.deps;
    const { logIn } = await import("../commands/log-in");
    const late = {
      ...deps,
      users: {
        ...deps.users,
        byId: async (userId: string) => {
          await deps.users.change(id, undefined, { passwordHash: "another" });
          return deps.users.byId(userId);
        },
      },
    };
    await expect(logIn(late, { email, password, address: "direct" })).rejects.toThrow("wrong");
  });
});

describe("POST /auth/refresh", () => {
  test("200: new tokens, with the roles of now", async () => {
    const { id, refreshToken } = await service.register();
    await service.deps.users.grant(id, "support");
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id, roles: ["customer", "support"] } });
    expect(body.refreshToken).not.toBe(refreshToken);
  });

  test("401: a token that comes again ends the session, of its newest token too", async () => {
    const { refreshToken, email } = await service.register();
    const { body: other } = await service.logIn(email);
    const { body: second } = await refresh(refreshToken);
    const again = await refresh(refreshToken);
    expect([again.status, again.body.code]).toEqual([401, "auth.refresh_reused"]);
    expect((await refresh(second.refreshToken)).body.code).toBe("auth.refresh_invalid");
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  test("401: of ten at once with one token one wins, and the session is over", async () => {
    const { refreshToken } = await service.register();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => !won.includes(answer)))
      expect([status, body.code]).toEqual([401, "auth.refresh_reused"]);
    expect((await refresh(won[0]?.body.refreshToken as string)).status).toBe(401);
  });

  test("401: unknown, or older than 30 days", async () => {
    expect((await refresh("unknown")).body.code).toBe("auth.refresh_invalid");
    const { id, refreshToken } = await service.register();
    await service.sql`
      update refresh_token set created_at = now() - interval '31 days', expires_at = now() - interval '1 second'
      where user_id = ${id}`;
    const { status, body } = await refresh(refreshToken);
    expect([status, body.code]).toEqual([401, "auth.refresh_invalid"]);
  });

  test("422: no token", async () => {
    expect((await service.post("/auth/refresh", {})).status).toBe(422);
  });
});

describe("POST /auth/logout", () => {
  test("204: the session is over, and asking again is fine", async () => {
    const { refreshToken } = await service.register();
    const { body } = await refresh(refreshToken);
    for (const token of [refreshToken, body.refreshToken, "unknown"])
      expect((await service.post("/auth/logout", { refreshToken: token })).status).toBe(204);
    expect((await refresh(body.refreshToken)).status).toBe(401);
  });

  test("422: no token", async () => {
    expect((await service.post("/auth/logout", {})).status).toBe(422);
  });
});

test("GET /.well-known/jwks.json: the public halves of every key, the signing one first", async () => {
  const { status, body, headers } = await service.send<JSONWebKeySet>("GET", "/.well-known/jwks.json");
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("public, max-age=300");
  expect(body.keys.map(({ kid, use, alg }) => [kid, use, alg])).toEqual([
    ["new", "sig", "ES256"],
    ["old", "sig", "ES256"],
  ]);
  expect(JSON.stringify(body)).not.toContain('"d"');
});

test("access tokens are what the services check: ES256, kid, issuer, audience, subject, 15 minutes, permissions", async () => {
  const { token, id } = await service.registerAs("support");
  const { body } = await service.send<JSONWebKeySet>("GET", "/.well-known/jwks.json");
  const { payload } = await jwtVerify(token, createLocalJWKSet(body), { issuer, audience: "shop-api" });
  expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", kid: "new", typ: "JWT" });
  expect(payload).toMatchObject({
    sub: id,
    roles: ["customer", "support"],
    permissions: ["orders:read", "orders:write", "payments:read", "users:read"],
    jti: expect.any(String),
  });
  expect((payload.exp as number) - (payload.iat as number)).toBe(900);
});

test("no answer and no table holds a password or a refresh token as it is", async () => {
  const { refreshToken } = await service.register();
  const rows = await service.sql`
    select (select json_agg(refresh_token) from refresh_token)::text || (select json_agg(users) from users)::text as all`;
  expect(rows[0]?.all).not.toContain(refreshToken);
  expect(rows[0]?.all).not.toContain(password);
});
