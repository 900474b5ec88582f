import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { anEmail, password, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
let notification: string;
beforeAll(async () => {
  service = await testUserService();
  notification = `Bearer ${await service.services.notification.for("user")}`;
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

type User = { id: string; email: string; authorization: string };
type Verification = { email: string; name: string; token: string; expiresAt: string };
const requestToken = (id: string, authorization?: string) =>
  service.send<Verification & { code: string }>("GET", `/internal/users/${id}/email-verification`, { authorization });
const tokenFor = async (user: User) => (await requestToken(user.id, notification)).body.token;
const verify = (token: unknown) =>
  service.send<{ emailVerified: boolean; code: string }>("POST", "/auth/verify-email", { body: { token } });
const isVerified = async ({ authorization }: User) =>
  (await service.send<{ emailVerified: boolean }>("GET", "/users/profile", { authorization })).body.emailVerified;
const changeEmail = (user: User, email: string) =>
  service.send("PUT", "/users/profile", {
    authorization: user.authorization,
    body: { email, currentPassword: password },
  });

describe("POST /auth/verify-email", () => {
  test("200: marks the address as verified; a repetition changes nothing", async () => {
    const ada = await service.register();
    expect(ada.user.emailVerified).toBe(false);
    expect(await isVerified(ada)).toBe(false);
    const token = await tokenFor(ada);
    for (let times = 0; times < 2; times++) {
      const { status, body } = await verify(token);
      expect([status, body]).toEqual([200, { emailVerified: true } as typeof body]);
      expect(await isVerified(ada)).toBe(true);
    }
    const [row] = await service.sql`select email_verified_at < now() as before from users where id = ${ada.id}`;
    expect(row?.before).toBe(true);
  });

  test("200: ten concurrent requests with an older and a newer token all succeed", async () => {
    const ada = await service.register();
    const tokens = [await tokenFor(ada), await tokenFor(ada)];
    const responses = await Promise.all(Array.from({ length: 10 }, (_, n) => verify(tokens[n % 2])));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  test("422: reports a token older than a day as expired", async () => {
    const ada = await service.register();
    const ago = (seconds: number) => ({ now: () => new Date(Date.now() - seconds * 1000) });
    const day = 24 * 3600;
    const [expired, valid] = await Promise.all(
      [day + 1, day - 60].map(async (seconds) => (await service.verificationAt(ago(seconds))).sign(ada)),
    );
    const late = await verify(expired?.token);
    expect([late.status, late.body.code]).toEqual([422, "auth.verification_expired"]);
    expect(await isVerified(ada)).toBe(false);
    expect((await verify(valid?.token)).status).toBe(200);
  });

  test("422: rejects malformed, altered, unsigned and foreign tokens, and tokens of other types", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    const [header, , signature] = (await tokenFor(ada)).split(".") as [string, string, string];
    const [, evesPayload] = (await tokenFor(eve)).split(".") as [string, string];
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", typ: "verify-email+jwt" })).toString("base64url");
    const otherIssuer = await testUserService();
    const foreign = (await otherIssuer.verificationAt({ now: () => new Date() })).sign(ada);
    const tokens = [
      "x",
      "a.b.c",
      `${header}.${evesPayload}.${signature}`,
      `${unsigned}.${evesPayload}.`,
      (await foreign).token,
      ada.token,
      ada.refreshToken,
      await service.services.notification.for("user"),
    ];
    for (const token of tokens) {
      const { status, body } = await verify(token);
      expect([status, body.code]).toEqual([422, "auth.verification_invalid"]);
    }
    for (const user of [ada, eve]) expect(await isVerified(user)).toBe(false);
    await otherIssuer.close();
  });

  test("422: requires a token that is a string of at most 2048 characters", async () => {
    for (const token of [undefined, "", 7, null, "x".repeat(2049)]) expect((await verify(token)).status).toBe(422);
  });

  test("422: rejects the token of a deleted user", async () => {
    const ada = await service.register();
    const token = await tokenFor(ada);
    await service.deps.users.erase(ada.id);
    expect((await verify(token)).body.code).toBe("auth.verification_invalid");
  });

  test("401: a verification token is not accepted as an access token", async () => {
    const authorization = `Bearer ${await tokenFor(await service.register())}`;
    expect((await service.send("GET", "/users/profile", { authorization })).status).toBe(401);
  });
});

describe("a change of the e-mail address", () => {
  test("resets the verification, invalidates older tokens, and stores one user.email_changed event", async () => {
    const ada = await service.register();
    const [old, email] = [await tokenFor(ada), anEmail()];
    await verify(old);
    expect((await changeEmail(ada, email)).status).toBe(200);
    expect(await isVerified(ada)).toBe(false);
    expect((await verify(old)).body.code).toBe("auth.verification_invalid");
    expect(await isVerified(ada)).toBe(false);
    const [, changed, ...more] = await service.listEvents(ada.id);
    expect(changed).toMatchObject({ type: "user.email_changed", data: { userId: ada.id, email, name: "Ada" } });
    expect(more).toEqual([]);
    expect((await verify(await tokenFor(ada))).status).toBe(200);
    expect(await isVerified(ada)).toBe(true);
  });

  test("that changes only the case keeps the verification", async () => {
    const ada = await service.register();
    await verify(await tokenFor(ada));
    expect((await changeEmail(ada, ada.email.toUpperCase())).status).toBe(200);
    expect(await isVerified(ada)).toBe(true);
    expect(await service.listEvents(ada.id)).toHaveLength(1);
  });

  test("that races with the verification of the old address leaves the new one unverified", async () => {
    for (let round = 0; round < 20; round++) {
      const ada = await service.register();
      const token = await tokenFor(ada);
      await Promise.all([changeEmail(ada, anEmail()), verify(token)]);
      expect(await isVerified(ada)).toBe(false);
    }
  });

  test("that is refused changes nothing", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    await verify(await tokenFor(ada));
    expect((await changeEmail(ada, eve.email)).status).toBe(409);
    expect(await isVerified(ada)).toBe(true);
    expect(await service.listEvents(ada.id)).toHaveLength(1);
  });
});

describe("GET /internal/users/{id}/email-verification", () => {
  test("200: returns a token for the current address; the token contains neither address nor name", async () => {
    const ada = await service.register();
    const { status, body, headers } = await requestToken(ada.id, notification);
    expect(status).toBe(200);
    expect(body).toMatchObject({ email: ada.email, name: "Ada" });
    expect(headers.get("cache-control")).toBe("no-store");
    const hours = (Date.parse(body.expiresAt) - Date.now()) / 3_600_000;
    expect(hours).toBeWithin(23.9, 24.01);
    expect(JSON.stringify(decodeJwt(body.token))).not.toContain("@");
  });

  test("401 without a service token, 403 for other services, 404 for an unknown user, 422 for an invalid id", async () => {
    const ada = await service.register();
    expect((await requestToken(ada.id)).status).toBe(401);
    expect((await requestToken(ada.id, ada.authorization)).status).toBe(401);
    for (const caller of ["order", "payment", "inventory"] as const)
      expect((await requestToken(ada.id, `Bearer ${await service.services[caller].for("user")}`)).status).toBe(403);
    expect((await requestToken(Bun.randomUUIDv7(), notification)).status).toBe(404);
    expect((await requestToken("7", notification)).status).toBe(422);
  });
});

test("neither the outbox nor the users table contains a token", async () => {
  const ada = await service.register();
  const token = await tokenFor(ada);
  await changeEmail(ada, anEmail());
  const rows =
    await service.sql`select (select json_agg(outbox) from outbox)::text || (select json_agg(users) from users)::text as all`;
  for (const part of token.split(".")) expect(rows[0]?.all).not.toContain(part);
});
