import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anEmail, password, type SessionBody, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

describe("POST /auth/register", () => {
  const path = "/auth/register";

  test("201: creates an account with the role customer, and a session", async () => {
    const email = anEmail();
    const { status, body } = await service.post<SessionBody>(path, { email: `  ${email} `, password, name: " Ada " });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      tokenType: "Bearer",
      expiresIn: 900,
      user: { email, name: "Ada", roles: ["customer"] },
    });
    expect((await service.refresh(body.refreshToken)).status).toBe(200);
  });

  test("201: stores one user.registered event without the password", async () => {
    const { id, email } = await service.register();
    const [event, ...others] = await service.listEvents(id);
    expect(event).toMatchObject({ type: "user.registered", data: { userId: id, email, name: "Ada" } });
    expect(JSON.stringify(event)).not.toContain(password);
    expect(others).toEqual([]);
  });

  test("201: hashes the password with argon2id and OWASP's parameters", async () => {
    const { id } = await service.register();
    expect(await service.deps.credentials.findPasswordHash(id)).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test("409: rejects a registered address, whatever its case", async () => {
    const { email } = await service.register();
    const { status, body } = await service.post(path, { email: email.toUpperCase(), password, name: "Eve" });
    expect([status, body.code]).toEqual([409, "auth.email_taken"]);
  });

  test("201 and 409: of two concurrent requests for one address, one succeeds and one event is stored", async () => {
    const email = anEmail();
    const responses = await Promise.all(
      [email, email.toUpperCase()].map((each) => service.post(path, { email: each, password, name: "Ada" })),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([201, 409]);
    const events = await service.sql`select 1 from outbox where lower(body->'data'->>'email') = ${email}`;
    expect(events).toHaveLength(1);
  });

  test.each([
    ["a password of 7 characters", { password: "1234567" }],
    ["a password of 201 characters", { password: "x".repeat(201) }],
    ["an e-mail address without @", { email: "ada" }],
    ["an e-mail address without a top-level domain", { email: "ada@example" }],
    ["an e-mail address of 255 characters", { email: `${"a".repeat(242)}@example.test` }],
    ["an empty name", { name: "" }],
    ["a name of spaces only", { name: "   " }],
    ["a name of 101 characters", { name: "x".repeat(101) }],
    ["a name that is a number", { name: 7 }],
  ])("422: rejects %s", async (_, invalid) => {
    expect((await service.post(path, { email: anEmail(), password, name: "Ada", ...invalid })).status).toBe(422);
  });

  test("201: accepts the longest allowed password and name", async () => {
    const longest = { email: anEmail(), password: "x".repeat(200), name: "x".repeat(100) };
    expect((await service.post(path, longest)).status).toBe(201);
  });
});
