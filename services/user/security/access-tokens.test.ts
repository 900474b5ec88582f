import { afterAll, beforeAll, expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { issuer, type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
afterAll(() => service.close());

const getKeys = () => service.send<JSONWebKeySet>("GET", "/.well-known/jwks.json");

test("GET /.well-known/jwks.json returns the public half of every key, the signing key first", async () => {
  const { status, body, headers } = await getKeys();
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("public, max-age=300");
  expect(body.keys.map(({ kid, use, alg }) => [kid, use, alg])).toEqual([
    ["new", "sig", "ES256"],
    ["old", "sig", "ES256"],
  ]);
  expect(JSON.stringify(body)).not.toContain('"d"');
});

test("an access token has the algorithm, key id, claims and lifetime that the other services check", async () => {
  const { token, id } = await service.registerAs("support");
  const { body } = await getKeys();
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
