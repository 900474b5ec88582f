import { beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPair, importJWK, SignJWT } from "jose";
import { requestJson } from "../../deploy/local/clients/json-request";
import { type Customer, newCustomer } from "../support/shop";
import { api, stack } from "../support/stack";

let customer: Customer;
beforeAll(async () => {
  customer = await newCustomer();
});
const readProfile = (headers: Record<string, string>) => api.request("GET", "/users/profile", { headers });

describe("the edge refuses a token", () => {
  const claims = { permissions: ["orders:read", "users:read"] };
  const signToken = (
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

  test("that is signed by another key, even if it names a known key id", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const { kid } = await ownKey();
    for (const forged of [await signToken(privateKey), await signToken(privateKey, { kid })])
      expect((await readProfile({ authorization: `Bearer ${forged}` })).status).toBe(401);
  });
  test("that has no signature", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + 300;
    const forged = `${part({ alg: "none" })}.${part({ sub: customer.id, iss: stack.edgeUrl, aud: "shop-api", exp, ...claims })}.`;
    expect((await readProfile({ authorization: `Bearer ${forged}` })).status).toBe(401);
  });
  test("that is signed with the public key as a shared secret", async () => {
    const { body } = await requestJson<{ keys: object[] }>("GET", `${stack.edgeUrl}/.well-known/jwks.json`);
    const secret = new TextEncoder().encode(JSON.stringify(body.keys[0]));
    expect((await readProfile({ authorization: `Bearer ${await signToken(secret, { alg: "HS256" })}` })).status).toBe(
      401,
    );
  });
  test.each([
    ["that has another issuer", { iss: "http://elsewhere.test" }],
    ["that has another audience", { aud: "service:order" }],
    ["that has expired", { exp: "-2m" }],
    ["that never expires", { exp: null }],
  ])("%s", async (_case, claims) => {
    const { key, kid } = await ownKey();
    expect((await readProfile({ authorization: `Bearer ${await signToken(key, { kid, ...claims })}` })).status).toBe(
      401,
    );
  });
  test("that is in the query string instead of the header", async () => {
    expect((await api.request("GET", `/users/profile?access_token=${customer.token}`)).status).toBe(401);
    expect((await readProfile({ authorization: `Bearer ${customer.token}` })).status).toBe(200);
  });
});

describe("the edge", () => {
  test("ignores identity headers that a client sends", async () => {
    const headers = { "x-user-id": customer.id, "x-user-permissions": "users:read", "x-jwt-payload": "e30" };
    expect((await readProfile(headers)).status).toBe(401);
  });
  test.each([
    "/../internal/users/1",
    "/%2e%2e/internal/users/1",
    "/users/..%2f..%2finternal",
    "//internal/users/1",
    "/users;/../internal",
  ])("does not route %s to an internal path", async (path) => {
    const response = await fetch(`${stack.edgeUrl}/api/v1${path}`, {
      headers: { authorization: `Bearer ${customer.token}` },
    });
    expect([400, 401, 404, 405, 422]).toContain(response.status);
  });
  test("serves /api as the current version", async () => {
    expect((await requestJson("GET", `${stack.edgeUrl}/api/products`)).status).toBe(200);
  });
  test("publishes only the public part of the signing keys", async () => {
    const response = await requestJson<{ keys: Record<string, string>[] }>(
      "GET",
      `${stack.edgeUrl}/.well-known/jwks.json`,
    );
    expect(response.body.keys.length).toBeGreaterThan(0);
    for (const key of response.body.keys) expect(key.d).toBeUndefined();
  });
});

test("a service that is called directly requires a token", async () => {
  const direct = await fetch(`http://127.0.0.1:${stack.ports.order}/orders/user/${customer.id}`, {
    headers: { "x-user-id": customer.id },
  });
  expect(direct.status).toBe(401);
  const internal = `http://127.0.0.1:${stack.ports.user}/internal/users/${customer.id}`;
  expect((await fetch(internal)).status).toBe(401);
  expect((await fetch(internal, { headers: { authorization: `Bearer ${customer.token}` } })).status).toBe(401);
});

test("the database role of a service cannot connect to the database of another", async () => {
  const { default: postgres } = await import("postgres");
  const own = stack.env("payment").PAYMENT_DATABASE_URL as string;
  const otherDatabase = Object.assign(new URL(own), { pathname: "/users" }).href;
  const sql = postgres(otherDatabase, { max: 1, onnotice: () => {} });
  const connect = async () => await sql`select 1`;
  await expect(connect()).rejects.toThrow(/permission denied|not permitted|CONNECT/i);
  await sql.end();
});
