import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import type { AppError } from "../errors/app-error";
import { testClient } from "../testing/http";
import { testIssuer } from "../testing/tokens";
import { access, accessTokenVerifier, hasPermission, remoteKeys } from "./access";

const issuer = "http://issuer.test";
const pair = await generateKeyPair("ES256", { extractable: true });
const other = await generateKeyPair("ES256", { extractable: true });
const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256" };
const verify = accessTokenVerifier({ issuer, keys: createLocalJWKSet({ keys: [publicJwk] }) });

const claims = {
  sub: "u1",
  iss: issuer,
  aud: "shop-api",
  exp: Math.floor(Date.now() / 1000) + 900,
  permissions: ["orders:read"],
};
const without = (name: keyof typeof claims) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const signed = (payload: object, o: { key?: CryptoKey | Uint8Array; header?: { alg: string; kid?: string } } = {}) =>
  new SignJWT({ ...payload })
    .setProtectedHeader(o.header ?? { alg: "ES256", kid: "k1" })
    .sign(o.key ?? pair.privateKey);
const bearer = async (payload: object, o?: Parameters<typeof signed>[1]) => `Bearer ${await signed(payload, o)}`;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const outcome = (verification: Promise<unknown>): Promise<string> =>
  verification.then(
    () => "accepted",
    (error: AppError) => `${error.status} ${error.code}`,
  );

test("an access token names the user and their permissions", async () => {
  const user = await verify(await bearer(claims));
  expect(user).toEqual({ id: "u1", permissions: ["orders:read"], expiresAt: claims.exp * 1000 });
  expect(hasPermission(user, "orders:read")).toBe(true);
  expect(hasPermission(user, "orders:write")).toBe(false);
  expect((await verify(await bearer(without("permissions")))).permissions).toEqual([]);
});

describe("an Authorization header without an access token is refused", () => {
  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Basic dXNlcg==",
    "Bearer a.b",
    "Bearer a.b.c.d",
    "a.b.c",
    "Bearer a.b.c Bearer a.b.c",
  ])("%p", async (authorization) => expect(await outcome(verify(authorization))).toBe("401 auth.token_missing"));
});

describe("a token is refused", () => {
  const now = Math.floor(Date.now() / 1000);
  const secret = new TextEncoder().encode(JSON.stringify(publicJwk));
  const hmac = { key: secret, header: { alg: "HS256", kid: "k1" } };
  test.each([
    ["that is no JWT", async () => "Bearer a.b.c"],
    ["for another audience", () => bearer({ ...claims, aud: "service:order" })],
    ["from another issuer", () => bearer({ ...claims, iss: "http://evil.test" })],
    ["without an issuer", () => bearer(without("iss"))],
    ["without an audience", () => bearer(without("aud"))],
    ["without a subject", () => bearer(without("sub"))],
    ["without an expiry", () => bearer(without("exp"))],
    ["that has expired", () => bearer({ ...claims, exp: now - 1 })],
    ["that is not valid yet", () => bearer({ ...claims, nbf: now + 60 })],
    ["signed with another key", () => bearer(claims, { key: other.privateKey })],
    ["that names an unknown key", () => bearer(claims, { header: { alg: "ES256", kid: "k2" } })],
    ["signed with the public key as an HMAC secret", () => bearer(claims, hmac)],
    ["without a signature (alg none)", async () => `Bearer ${part({ alg: "none" })}.${part(claims)}.${"AAAA"}`],
    [
      "with claims changed after signing",
      async () => {
        const [head, , signature] = (await signed(claims)).split(".");
        return `Bearer ${head}.${part({ ...claims, sub: "u2" })}.${signature}`;
      },
    ],
  ])("%s", async (_token, make) => expect(await outcome(verify(await make()))).toBe("401 auth.token_invalid"));
});

test("a cached result is not used after the token has expired", async () => {
  const authorization = await bearer({ ...claims, exp: Math.floor(Date.now() / 1000) + 2 });
  const { expiresAt } = await verify(authorization);
  while (Date.now() < expiresAt)
    await verify(authorization).then(
      () => Bun.sleep(50),
      () => Bun.sleep(50),
    );
  expect(await outcome(verify(authorization))).toBe("401 auth.token_invalid");
});

describe("a guarded route", async () => {
  const { verify: verifyTest, bearer: testBearer } = await testIssuer();
  const send = testClient(
    new Elysia()
      .use(access(verifyTest))
      .get("/mine", ({ user }) => ({ id: user.id }), { signedIn: true })
      .get("/all", ({ user }) => ({ id: user.id }), { permission: "orders:read" })
      .get("/open", () => ({})),
  );
  test.each([
    ["/mine", undefined, 401],
    ["/all", undefined, 401],
    ["/open", undefined, 200],
    ["/mine", [], 200],
    ["/all", [], 403],
    ["/all", ["orders:readx", "orders"], 403],
    ["/all", ["orders:read"], 200],
  ])("%s with permissions %p answers %p", async (path, permissions, status) => {
    const authorization = permissions && (await testBearer("u1", permissions));
    expect((await send("GET", path, { authorization })).status).toBe(status);
  });
  test("names the missing permission", async () => {
    const { body } = await send("GET", "/all", { authorization: await testBearer("u1") });
    expect(body).toMatchObject({ code: "auth.permission_missing", title: "The permission orders:read is required." });
  });
});

describe("the issuer's keys", () => {
  let answer: () => Response;
  let server: Bun.Server<undefined>;
  beforeAll(() => {
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer() });
  });
  afterAll(() => server.stop(true));
  const url = () => `http://127.0.0.1:${server.port}/jwks.json`;
  const down = () => new Response("down", { status: 503 });
  const up = () => Response.json({ keys: [publicJwk] });

  test("are fetched, and stay in use while the issuer is unavailable", async () => {
    const verifyRemote = accessTokenVerifier({ issuer, keys: remoteKeys(url(), { maxAgeMs: 0 }) });
    answer = up;
    expect(await outcome(verifyRemote(await bearer(claims)))).toBe("accepted");
    answer = down;
    expect(await outcome(verifyRemote(await bearer({ ...claims, sub: "u2" })))).toBe("accepted");
    expect(await outcome(verifyRemote(await bearer(claims, { key: other.privateKey })))).toBe("401 auth.token_invalid");
  });
  test("make verification unavailable until they are fetched for the first time", async () => {
    const verifyRemote = accessTokenVerifier({ issuer, keys: remoteKeys(url()) });
    answer = down;
    expect(await outcome(verifyRemote(await bearer(claims)))).toBe("503 auth.unavailable");
    answer = () => Response.json({ nothing: true });
    expect(await outcome(verifyRemote(await bearer(claims)))).toBe("503 auth.unavailable");
    answer = up;
    expect(await outcome(verifyRemote(await bearer(claims)))).toBe("accepted");
  });
  test("that do not include the token's key: the token is refused", async () => {
    const verifyRemote = accessTokenVerifier({ issuer, keys: remoteKeys(url()) });
    answer = up;
    const unknown = await bearer(claims, { header: { alg: "ES256", kid: "k9" } });
    expect(await outcome(verifyRemote(unknown))).toBe("401 auth.token_invalid");
  });
  test("at an unreachable address make verification unavailable", async () => {
    const verifyRemote = accessTokenVerifier({ issuer, keys: remoteKeys("http://127.0.0.1:1/jwks.json") });
    expect(await outcome(verifyRemote(await bearer(claims)))).toBe("503 auth.unavailable");
  });
});
