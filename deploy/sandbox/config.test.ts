import { expect, test } from "bun:test";
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
