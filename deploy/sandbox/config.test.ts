import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "./config";

const good = { APP_ENV: "dev", STRIPE_SECRET_KEY: "sk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1" };

test("uses the ports of the dev stack by default", () => {
  expect(readConfig(good)).toMatchObject({ host: "127.0.0.1", port: 3090, smtpPort: 3025 });
});

test.each(["production", "staging", undefined])("refuses to start with APP_ENV=%s", (APP_ENV) => {
  expect(() => readConfig({ ...good, APP_ENV })).toThrow("APP_ENV");
});

test("lists every problem in one error, and does not print the keys", () => {
  const bad = { ...good, STRIPE_SECRET_KEY: "sk_live_1", PORT: "x", WEBHOOKS: "loud", WEBHOOK_URL: "nowhere" };
  const start = () => readConfig(bad);
  for (const name of ["STRIPE_SECRET_KEY", "PORT", "WEBHOOKS", "WEBHOOK_URL"]) expect(start).toThrow(name);
  expect(start).not.toThrow("sk_live_1");
});

test("takes the keys and APP_ENV from files, and names a file that cannot be read", () => {
  const env = { ...good, STRIPE_SECRET_KEY: undefined, STRIPE_SECRET_KEY_FILE: "/nowhere/key" };
  expect(() => readConfig(env)).toThrow("STRIPE_SECRET_KEY_FILE");
  const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
  writeFileSync(join(folder, "key"), "sk_test_of_a_file\n");
  writeFileSync(join(folder, "env"), "test");
  const files = { APP_ENV_FILE: join(folder, "env"), STRIPE_SECRET_KEY_FILE: join(folder, "key") };
  const { stripe } = readConfig({ ...files, STRIPE_WEBHOOK_SECRET: "whsec_1" });
  rmSync(folder, { recursive: true });
  expect(stripe.secretKey).toBe("sk_test_of_a_file");
});
