import { beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPair, importJWK, SignJWT } from "jose";
import { type Customer, call, newCustomer } from "../support/shop";
import { stack } from "../support/stack";

let customer: Customer;
beforeAll(async () => {
  customer = await newCustomer();
});
const profile = (headers: Record<string, string>) => call("GET", "/users/profile", { headers });

describe("the edge refuses a token", () => {
  const claims = { permissions: ["orders:read", "users:read"] };
  const token = (
    key: Parameters<SignJWT["sign"]>[0],
    o: { alg?: string; kid?: string; iss?: string; aud?: string; exp?: string | null } = {},
  ) => {
    const jwt = new SignJWT(claims)
      .setProtectedHeader({ alg: o.alg ?? "ES256", kid: o.kid })
      .setSubject(customer.id)
      .setIssuer(o.iss ?? stack.edgeUrl)
      .setAudience(o.aud ?? "shop-api");
    return (o.exp === null ? jwt : jwt.setExpirationTime(o.exp ?? "5m")).sign(key);
  };
  const ownKey = async () => {
    const jwk = stack.secrets.userSigningKeys.keys[0];
    return { key: await importJWK(jwk as never, "ES256"), kid: (jwk as { kid: string }).kid };
  };

  test("of another key, also under a known key id", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const { kid } = await ownKey();
    for (const made of [await token(privateKey), await token(privateKey, { kid })])
      expect((await profile({ authorization: `Bearer ${made}` })).status).toBe(401);
  });
  test("without a signature", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + 300;
    const made = `${part({ alg: "none" })}.${part({ sub: customer.id, iss: stack.edgeUrl, aud: "shop-api", exp, ...claims })}.`;
    expect((await profile({ authorization: `Bearer ${made}` })).status).toBe(401);
  });
  test("signed with the public key as a secret", async () => {
    const { body } = await call<{ keys: object[] }>("GET", `${stack.edgeUrl}/.well-known/jwks.json`);
    const secret = new TextEncoder().encode(JSON.stringify(body.keys[0]));
    expect((await profile({ authorization: `Bearer ${await token(secret, { alg: "HS256" })}` })).status).toBe(401);
  });
  test.each([
    ["of another issuer", { iss: "http://elsewhere.test" }],
    ["for another audience", { aud: "service:order" }],
    ["that has expired", { exp: "-2m" }],
    ["that never expires", { exp: null }],
  ])("%s", async (_what, over) => {
    const { key, kid } = await ownKey();
    expect((await profile({ authorization: `Bearer ${await token(key, { kid, ...over })}` })).status).toBe(401);
  });
  test("in the query, while the same one in the header is good", async () => {
    expect((await call("GET", `/users/profile?access_token=${customer.token}`)).status).toBe(401);
    expect((await profile({ authorization: `Bearer ${customer.token}` })).status).toBe(200);
  });
});

describe("the edge", () => {
  test("believes nobody who says who they are in a header", async () => {
    const headers = { "x-user-id": customer.id, "x-user-permissions": "users:read", "x-jwt-payload": "e30" };
    expect((await profile(headers)).status).toBe(401);
  });
  test.each([
    "/../internal/users/1",
    "/%2e%2e/internal/users/1",
    "/users/..%2f..%2finternal",
    "//internal/users/1",
    "/users;/../internal",
  ])("has no way to %s", async (path) => {
    const answer = await fetch(`${stack.edgeUrl}/api/v1${path}`, {
      headers: { authorization: `Bearer ${customer.token}` },
    });
    expect([400, 401, 404, 405, 422]).toContain(answer.status);
  });
  test("serves /api as the current version", async () => {
    expect((await call("GET", `${stack.edgeUrl}/api/products`)).status).toBe(200);
  });
  test("publishes the keys of its issuer, and only their public halves", async () => {
    const answer = await call<{ keys: Record<string, string>[] }>("GET", `${stack.edgeUrl}/.well-known/jwks.json`);
    expect(answer.body.keys.length).toBeGreaterThan(0);
    for (const key of answer.body.keys) expect(key.d).toBeUndefined();
  });
  test("a service reached directly asks for a token too", async () => {
    const direct = await fetch(`http://127.0.0.1:${stack.ports.order}/orders/user/${customer.id}`, {
      headers: { "x-user-id": customer.id },
    });
    expect(direct.status).toBe(401);
    const internal = `http://127.0.0.1:${stack.ports.user}/internal/users/${customer.id}`;
    expect((await fetch(internal)).status).toBe(401);
    expect((await fetch(internal, { headers: { authorization: `Bearer ${customer.token}` } })).status).toBe(401);
  });
});

test("no service's role reaches another's store", async () => {
  const { default: postgres } = await import("postgres");
  const own = stack.env("payment").PAYMENT_DATABASE_URL as string;
  const others = Object.assign(new URL(own), { pathname: "/users" }).href;
  const sql = postgres(others, { max: 1, onnotice: () => {} });
  expect(sql`select 1`).rejects.toThrow(/permission denied|not permitted|CONNECT/i);
  await sql.end();
});
