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

type Person = { id: string; email: string; authorization: string };
type Verification = { email: string; name: string; token: string; expiresAt: string };
const ask = (id: string, authorization?: string) =>
  service.send<Verification & { code: string }>("GET", `/internal/users/${id}/email-verification`, { authorization });
const tokenOf = async (person: Person) => (await ask(person.id, notification)).body.token;
const verify = (token: unknown) =>
  service.send<{ emailVerified: boolean; code: string }>("POST", "/auth/verify-email", { body: { token } });
const isVerified = async ({ authorization }: Person) =>
  (await service.send<{ emailVerified: boolean }>("GET", "/users/profile", { authorization })).body.emailVerified;
const moveTo = (person: Person, email: string) =>
  service.send("PUT", "/users/profile", {
    authorization: person.authorization,
    body: { email, currentPassword: password },
  });
const told = async (id: string) =>
  (await service.sql`select body from outbox where subject = ${id} order by seq`).map(({ body }) => body);

describe("POST /auth/verify-email", () => {
  test("200: from then on the profile says so; showing the token again changes nothing", async () => {
    const ada = await service.register();
    expect(ada.user.emailVerified).toBe(false);
    expect(await isVerified(ada)).toBe(false);
    const token = await tokenOf(ada);
    for (let times = 0; times < 2; times++) {
      const { status, body } = await verify(token);
      expect([status, body]).toEqual([200, { emailVerified: true } as typeof body]);
      expect(await isVerified(ada)).toBe(true);
    }
    const [row] = await service.sql`select email_verified_at < now() as before from users where id = ${ada.id}`;
    expect(row?.before).toBe(true);
  });

  test("200: ten at once, and with a token that was made earlier", async () => {
    const ada = await service.register();
    const tokens = [await tokenOf(ada), await tokenOf(ada)];
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => verify(tokens[n % 2])));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  test("422: a day later it is too late, and it says so", async () => {
    const ada = await service.register();
    const ago = (seconds: number) => ({ now: () => new Date(Date.now() - seconds * 1000) });
    const day = 24 * 3600;
    const [old, good] = await Promise.all(
      [day + 1, day - 60].map(async (seconds) => (await service.verificationAt(ago(seconds))).sign(ada)),
    );
    const late = await verify(old?.token);
    expect([late.status, late.body.code]).toEqual([422, "auth.verification_expired"]);
    expect(await isVerified(ada)).toBe(false);
    expect((await verify(good?.token)).status).toBe(200);
  });

  test("422: what is no such token: forged, altered, another's, for another purpose", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    const [head, , signature] = (await tokenOf(ada)).split(".") as [string, string, string];
    const [, eves] = (await tokenOf(eve)).split(".") as [string, string];
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", typ: "verify-email+jwt" })).toString("base64url");
    const stranger = await testUserService();
    const foreign = (await stranger.verificationAt({ now: () => new Date() })).sign(ada);
    const tokens = [
      "x",
      "a.b.c",
      `${head}.${eves}.${signature}`,
      `${unsigned}.${eves}.`,
      (await foreign).token,
      ada.token,
      ada.refreshToken,
      await service.services.notification.for("user"),
    ];
    for (const token of tokens) {
      const { status, body } = await verify(token);
      expect([status, body.code]).toEqual([422, "auth.verification_invalid"]);
    }
    for (const person of [ada, eve]) expect(await isVerified(person)).toBe(false);
    await stranger.close();
  });

  test("422: no token, and none that is no text", async () => {
    for (const token of [undefined, "", 7, null, "x".repeat(2049)]) expect((await verify(token)).status).toBe(422);
  });

  test("422: somebody who has left", async () => {
    const ada = await service.register();
    const token = await tokenOf(ada);
    await service.deps.users.erase(ada.id);
    expect((await verify(token)).body.code).toBe("auth.verification_invalid");
  });

  test("the token is no access token", async () => {
    const authorization = `Bearer ${await tokenOf(await service.register())}`;
    expect((await service.send("GET", "/users/profile", { authorization })).status).toBe(401);
  });
});

describe("a new address", () => {
  test("is not verified, voids what proved the old one, and is told, once", async () => {
    const ada = await service.register();
    const [old, email] = [await tokenOf(ada), anEmail()];
    await verify(old);
    expect((await moveTo(ada, email)).status).toBe(200);
    expect(await isVerified(ada)).toBe(false);
    expect((await verify(old)).body.code).toBe("auth.verification_invalid");
    expect(await isVerified(ada)).toBe(false);
    const [, changed, ...more] = await told(ada.id);
    expect(changed).toMatchObject({ type: "user.email_changed", data: { userId: ada.id, email, name: "Ada" } });
    expect(more).toEqual([]);
    expect((await verify(await tokenOf(ada))).status).toBe(200);
    expect(await isVerified(ada)).toBe(true);
  });

  test("that is the old one in other letters is not new", async () => {
    const ada = await service.register();
    await verify(await tokenOf(ada));
    expect((await moveTo(ada, ada.email.toUpperCase())).status).toBe(200);
    expect(await isVerified(ada)).toBe(true);
    expect(await told(ada.id)).toHaveLength(1);
  });

  test("that comes while the old one is being verified is never taken for verified", async () => {
    for (let round = 0; round < 20; round++) {
      const ada = await service.register();
      const token = await tokenOf(ada);
      await Promise.all([moveTo(ada, anEmail()), verify(token)]);
      expect(await isVerified(ada)).toBe(false);
    }
  });

  test("that is refused leaves all as it was", async () => {
    const [ada, eve] = [await service.register(), await service.register()];
    await verify(await tokenOf(ada));
    expect((await moveTo(ada, eve.email)).status).toBe(409);
    expect(await isVerified(ada)).toBe(true);
    expect(await told(ada.id)).toHaveLength(1);
  });
});

describe("GET /internal/users/{id}/email-verification", () => {
  test("200: for notification, the address of now; the token holds neither it nor the name", async () => {
    const ada = await service.register();
    const { status, body, headers } = await ask(ada.id, notification);
    expect(status).toBe(200);
    expect(body).toMatchObject({ email: ada.email, name: "Ada" });
    expect(headers.get("cache-control")).toBe("no-store");
    const hours = (Date.parse(body.expiresAt) - Date.now()) / 3_600_000;
    expect(hours).toBeWithin(23.9, 24.01);
    expect(JSON.stringify(decodeJwt(body.token))).not.toContain("@");
  });

  test("401, 403, 404, 422", async () => {
    const ada = await service.register();
    expect((await ask(ada.id)).status).toBe(401);
    expect((await ask(ada.id, ada.authorization)).status).toBe(401);
    for (const caller of ["order", "payment", "inventory"] as const)
      expect((await ask(ada.id, `Bearer ${await service.services[caller].for("user")}`)).status).toBe(403);
    expect((await ask(Bun.randomUUIDv7(), notification)).status).toBe(404);
    expect((await ask("7", notification)).status).toBe(422);
  });
});

test("neither outbox nor any table holds a token", async () => {
  const ada = await service.register();
  const token = await tokenOf(ada);
  await moveTo(ada, anEmail());
  const rows =
    await service.sql`select (select json_agg(outbox) from outbox)::text || (select json_agg(users) from users)::text as all`;
  for (const part of token.split(".")) expect(rows[0]?.all).not.toContain(part);
});
