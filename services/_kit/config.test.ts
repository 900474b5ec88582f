import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Type as t } from "@sinclair/typebox";
import { accessEnv, commonEnv, defaultInstanceId, postgresEnv, readConfig, urlEnv } from "./config";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  DATABASE_URL: postgresEnv,
  USER_URL: urlEnv,
  RETRIES: t.Optional(t.Integer()),
});
const env = {
  PORT: "3000",
  REDIS_URL: "redis://127.0.0.1",
  SERVICE_KEY: "{}",
  SERVICE_KEYS: "{}",
  ISSUER_URL: "https://shop.test",
  JWKS_URL: "http://user/jwks.json",
  DATABASE_URL: "postgres://u:p@h/d",
  USER_URL: "http://user",
};
const problemsOf = (over: Record<string, string | undefined>): string => {
  try {
    readConfig(schema, { ...env, ...over });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("variables are converted to their types; those not in the schema are dropped", () => {
  const config = readConfig(schema, { ...env, RETRIES: "3", HOME: "anywhere" });
  expect(config).toMatchObject({ PORT: 3000, RETRIES: 3, HOST: "127.0.0.1", LOG_LEVEL: "info" });
  expect(config).not.toHaveProperty("HOME");
});

test("APP_ENV defaults to production", () => {
  expect(readConfig(schema, env).APP_ENV).toBe("production");
  expect(readConfig(schema, { ...env, APP_ENV: "" }).APP_ENV).toBe("production");
  expect(readConfig(schema, { ...env, APP_ENV: "dev" }).APP_ENV).toBe("dev");
});

test("INSTANCE_ID defaults to the host name in a container, and to host name and process id elsewhere", () => {
  expect(defaultInstanceId(1, "order-7d9f-x2x4k")).toBe("order-7d9f-x2x4k");
  expect(defaultInstanceId(4711, "laptop")).toBe("laptop-4711");
  expect(readConfig(schema, env).INSTANCE_ID).toBe(defaultInstanceId(process.pid, hostname()));
  expect(readConfig(schema, { ...env, INSTANCE_ID: "order-0" }).INSTANCE_ID).toBe("order-0");
});

describe("a missing or invalid variable", () => {
  test("is named, together with all others", () => {
    const text = problemsOf({
      PORT: undefined,
      REDIS_URL: "http://x",
      DATABASE_URL: undefined,
      ISSUER_URL: "shop.test",
    });
    for (const name of ["PORT", "REDIS_URL", "DATABASE_URL", "ISSUER_URL"]) expect(text).toContain(`  ${name}: `);
    expect(text).not.toContain("SERVICE_KEY");
  });
  test.each([
    ["PORT", "hunter2"],
    ["PORT", "70000"],
    ["APP_ENV", "hunter2"],
    ["REDIS_URL", "hunter2"],
    ["DATABASE_URL", "mysql://hunter2"],
    ["USER_URL", "ftp://hunter2"],
    ["RETRIES", "many"],
  ])("%s=%s is named without its value", (name, value) => {
    expect(problemsOf({ [name]: value })).toContain(name);
    expect(problemsOf({ [name]: value })).not.toContain(value);
  });
  test("is also one that is set to an empty text", () =>
    expect(problemsOf({ SERVICE_KEY: "" })).toContain("SERVICE_KEY"));
});

describe("a variable in a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (content: string): string => {
    const path = join(folder, crypto.randomUUID());
    writeFileSync(path, content);
    return path;
  };
  const fromFile = (content: string) =>
    readConfig(schema, { ...env, DATABASE_URL: undefined, DATABASE_URL_FILE: file(content) }).DATABASE_URL;

  test("is read without its last line break, and only that one", () => {
    expect(fromFile("postgres://u:p@h/d")).toBe("postgres://u:p@h/d");
    expect(fromFile("postgres://u:p@h/d\n")).toBe("postgres://u:p@h/d");
    expect(fromFile("postgres://u:p@h/d\r\n")).toBe("postgres://u:p@h/d");
    expect(fromFile("postgres://u:p@h/d\n\n")).toBe("postgres://u:p@h/d\n");
  });
  test("is converted to its type", () => {
    expect(readConfig(schema, { ...env, PORT: undefined, PORT_FILE: file("3000\n") }).PORT).toBe(3000);
  });
  test("is missing if the file is empty", () => {
    expect(problemsOf({ SERVICE_KEY: undefined, SERVICE_KEY_FILE: file("\n") })).toContain("SERVICE_KEY");
  });
  test("is named if the file cannot be read, together with other problems", () => {
    const text = problemsOf({ SERVICE_KEY: undefined, SERVICE_KEY_FILE: join(folder, "missing"), PORT: undefined });
    expect(text).toContain("  SERVICE_KEY: Expected a readable file in SERVICE_KEY_FILE (ENOENT)");
    expect(text).toContain("  PORT: ");
  });
  test("is refused if the variable itself is set too, without either value", () => {
    const text = problemsOf({ SERVICE_KEY: "hunter2", SERVICE_KEY_FILE: file("hunter3") });
    expect(text).toContain("  SERVICE_KEY: Expected either SERVICE_KEY or SERVICE_KEY_FILE, not both");
    expect(text).not.toContain("hunter");
  });
});
