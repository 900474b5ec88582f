import { expect, test } from "bun:test";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { config } from "./config";
import { signingKeysEnv } from "./testing/user-service";

const env = async (keys: string) => ({
  ...(await testServiceKeyEnv("user")),
  PORT: "0",
  REDIS_URL: "redis://127.0.0.1:1",
  ISSUER_URL: "http://issuer.test",
  USER_DATABASE_URL: "postgres://127.0.0.1:1/users",
  USER_SIGNING_KEYS: keys,
});

test("signing keys keep their order; APP_ENV defaults to production", async () => {
  const read = config(await env(await signingKeysEnv("new", "old")));
  expect(read.USER_SIGNING_KEYS.map(({ kid }) => kid)).toEqual(["new", "old"]);
  expect(read.APP_ENV).toBe("production");
});

test("one error names every missing variable", () => {
  for (const name of ["PORT", "REDIS_URL", "SERVICE_KEY", "ISSUER_URL", "USER_DATABASE_URL", "USER_SIGNING_KEYS"])
    expect(() => config({})).toThrow(name);
});

test("invalid signing keys are refused and not printed", async () => {
  const good = await signingKeysEnv("a");
  const [key] = JSON.parse(good).keys;
  const { d: _, ...publicKey } = key;
  const bad = [
    good.slice(0, -9),
    "null",
    JSON.stringify({ keys: [] }),
    JSON.stringify({ keys: [publicKey] }),
    JSON.stringify({ keys: [key, publicKey] }),
    JSON.stringify({ keys: [key, key] }),
    JSON.stringify({ keys: [{ ...key, kid: undefined }] }),
    JSON.stringify({ keys: [{ ...key, crv: "P-384" }] }),
  ];
  for (const keys of bad) {
    let message = "";
    try {
      config(await env(keys));
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("USER_SIGNING_KEYS");
    expect(message).not.toContain(key.d);
    expect(message).not.toContain(key.d.slice(0, 8));
  }
});
