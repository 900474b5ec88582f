import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { awaitMail, verificationTokenIn } from "../support/mail";
import { ops, runScript } from "../support/processes/ops";
import { customerPassword, newCustomer } from "../support/shop";
import { api, stack } from "../support/stack";

const logIn = async (email: string) => expectStatus(await api.login({ email, password: customerPassword }), 200);

/** Creates a product through the edge. @returns the status of the response */
async function putProduct(token: string): Promise<number> {
  const body = { name: "Lamp", description: "Bright", price: { amount: 1999, currency: "USD" } };
  return (await api.request("PUT", `/products/${Bun.randomUUIDv7()}`, { token, body })).status;
}

describe("ops users", () => {
  test("makes a verified account an administrator, who creates a product after the next login", async () => {
    const { id, email, token } = await newCustomer();
    const unverified = await ops("users", "grant-admin", email, "--by", "jo");
    expect(unverified.ok).toBe(false);
    expect(unverified.text).toContain("is not verified");
    const mail = await awaitMail(email, { subject: "Welcome to the Shop" });
    await api.request("POST", "/auth/verify-email", { body: { token: verificationTokenIn(mail) } });

    const granted = await ops("users", "grant-admin", email.toUpperCase(), "--by", "jo");
    expect(granted).toEqual({
      ok: true,
      text: `${email} is an administrator from the next login or token refresh on\n`,
    });
    expect(await putProduct(token)).toBe(403);
    const admin = await logIn(email);
    expect(await putProduct(admin.token)).toBe(201);
    expect(await ops("users", "grant-admin", email, "--by", "jo")).toEqual({
      ok: true,
      text: `${email} is an administrator already\n`,
    });

    // The administrator may now grant roles; the route records its changes like the command.
    const path = `/users/${id}/roles`;
    expectStatus(await api.request("POST", path, { token: admin.token, body: { role: "support" } }), 200);
    expect((await ops("users", "revoke-admin", email, "--by", "Jo Doe")).ok).toBe(true);
    expect(await putProduct((await logIn(email)).token)).toBe(403);
    const { text } = await ops("users", "show", email);
    expect(text).toContain("roles: customer, support");
    expect(text).toMatch(
      new RegExp(`granted .* admin .* ops:jo [^]*granted .* support .* ${id} [^]*revoked .* admin .* ops:Jo Doe `),
    );
  });

  test("takes an account that is not verified if asked to", async () => {
    const { email } = await newCustomer();
    expect((await ops("users", "grant-admin", email, "--unverified", "--by", "jo")).ok).toBe(true);
    expect((await ops("users", "revoke-admin", email, "--by", "jo")).ok).toBe(true);
  });

  test("asks for the operator's name if the operating system has none", async () => {
    const { email } = await newCustomer();
    const anonymous = await ops("users", "grant-admin", email, "--unverified");
    expect(anonymous).toEqual({ ok: false, text: "say who you are, for the record: --by <name>\n" });
    const invalid = await ops("users", "grant-admin", email, "--unverified", "--by", "a\nb");
    expect(invalid).toEqual({ ok: false, text: "--by must be a name\n" });
    expect((await ops("users", "show", email)).text).toContain("roles: customer\n");
  });

  test("reports an unknown address in one line, and wrong arguments with the usage or the mistake", async () => {
    const unknown = await ops("users", "show", "nobody@example.test");
    expect(unknown).toEqual({ ok: false, text: "no account has the e-mail address nobody@example.test\n" });
    for (const args of [[], ["grant-admin"], ["remove", "a@b.test"], ["show", "a@b.test", "c@d.test"]])
      expect((await ops("users", ...args)).text).toContain("bun run ops users show <email>");
    expect((await ops("users", "show", "a@b.test", "--force")).text).toContain("--force");
  });
});

describe("the bundle of the image, without the checkout", () => {
  let folder: string;
  let files: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ops-"));
    expect((await runScript(["deploy/images/bundle.ts", "ops", join(folder, "app")])).ok).toBe(true);
    const urls: Record<string, string | undefined> = {
      REDIS_URL: stack.adminUrls.redis,
      ORDER_MONGO_URL: stack.env("order").ORDER_MONGO_URL,
      USER_DATABASE_URL: stack.env("user").USER_DATABASE_URL,
      PAYMENT_DATABASE_URL: stack.env("payment").PAYMENT_DATABASE_URL,
      INVENTORY_DATABASE_URL: stack.env("inventory").INVENTORY_DATABASE_URL,
    };
    for (const [name, url] of Object.entries(urls)) await Bun.write(join(folder, name), `${url}\n`);
    files = Object.fromEntries(Object.keys(urls).map((name) => [`${name}_FILE`, join(folder, name)]));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const run = (env: Record<string, string>, ...args: string[]) =>
    runScript(["main.js", ...args], { cwd: join(folder, "app"), env });

  test("reads the URLs from files", async () => {
    expect((await run(files)).text).toContain("outbox");
    expect(
      (await run({ USER_DATABASE_URL_FILE: files.USER_DATABASE_URL_FILE as string }, "users", "show", "x@y.test")).text,
    ).toBe("no account has the e-mail address x@y.test\n");
  });

  test("names the variables that are not set, without a dev stack", async () => {
    expect((await run({}, "users", "show", "x@y.test")).text).toStartWith(
      "not set: USER_DATABASE_URL; and no stack is",
    );
    expect((await run({})).text).toStartWith("not set: REDIS_URL, ORDER_MONGO_URL, USER_DATABASE_URL, ");
  });

  test.concurrent.each([
    ["REDIS_URL", "redis://127.0.0.1:1", "Redis"],
    ["ORDER_MONGO_URL", "mongodb://127.0.0.1:1/orders", "MongoDB"],
    ["PAYMENT_DATABASE_URL", "postgres://a:hunter2@127.0.0.1:1/payments", "PostgreSQL"],
  ])("names the store that cannot be reached, in one line: %s", async (variable, url, store) => {
    const { [`${variable}_FILE`]: _, ...others } = files;
    const { ok, text } = await run({ ...others, [variable]: url });
    expect(ok).toBe(false);
    expect(text).toBe(`cannot reach ${store} (${variable}): connect ECONNREFUSED 127.0.0.1:1\n`);
  });
});
