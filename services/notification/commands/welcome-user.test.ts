import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import type { Deps } from "../deps";
import { type TestMailServer, testMailServer } from "../testing/mail-server";
import {
  aMessage,
  anEmail,
  publicUrl,
  type TestNotificationService,
  testNotificationService,
} from "../testing/notification-service";
import { verifyNewEmail, welcomeUser } from "./welcome-user";

let server: TestMailServer;
let service: TestNotificationService;
let deps: Deps;
beforeAll(async () => {
  server = await testMailServer();
  service = await testNotificationService(server.url);
  deps = service.start();
});
afterAll(async () => {
  await service.close();
  await server.close();
});

/** Decodes quoted-printable. */
const decode = (raw = "") =>
  raw.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

describe.each([
  ["user.registered", welcomeUser, "welcome", "Welcome to the Shop"],
  ["user.email_changed", verifyNewEmail, "verify-email", "Verify your new e-mail address"],
] as const)("%s", (type, handle, template, subject) => {
  test("sends one mail with a token to the address that the token verifies, and then removes the token", async () => {
    const email = anEmail();
    const userId = service.aUser(email);
    const data = { userId, email: "outdated@mail.test", name: "Ada" };
    await handle(deps, data, aMessage({ type, data }));
    expect(await service.waitForStatus(userId, "sent")).toMatchObject([{ recipient: email, template, data: null }]);
    const [mail, ...others] = server.mailsTo(email);
    expect(others).toEqual([]);
    expect(mail?.raw).toContain(`Subject: ${subject}`);
    expect(decode(mail?.raw)).toContain(`${publicUrl}/verify-email#token-for-${email}`);
  });

  test("is recorded as skipped if the user was deleted", async () => {
    const data = { userId: Bun.randomUUIDv7(), email: anEmail(), name: "Ada" };
    await handle(deps, data, aMessage({ type, data }));
    expect(await service.listDeliveries(data.userId)).toMatchObject([{ status: "skipped", data: null }]);
    expect(server.mailsTo(data.email)).toEqual([]);
  });

  test("fails while the user service is unavailable, and records no delivery", async () => {
    const data = { userId: service.aUser(anEmail()), email: anEmail(), name: "Ada" };
    const requestVerification = () => Promise.reject(new Error("user unavailable"));
    const handled = handle({ ...deps, requestVerification }, data, aMessage({ type, data }));
    await expect(handled).rejects.toThrow("user unavailable");
    expect(await service.listDeliveries(data.userId)).toEqual([]);
  });
});

test("a repeated message sends one mail", async () => {
  const email = anEmail();
  const userId = service.aUser(email);
  const data = { userId, email, name: "Ada" };
  const message = aMessage({ type: "user.registered", data });
  await Promise.all([welcomeUser(deps, data, message), welcomeUser(deps, data, message)]);
  await service.waitForStatus(userId, "sent");
  await welcomeUser(deps, data, message);
  expect(await service.listDeliveries(userId)).toHaveLength(1);
  expect(server.mailsTo(email)).toHaveLength(1);
});

test("an address or a name cannot add a recipient", async () => {
  const userId = service.aUser("a@mail.test, b@mail.test", "Ada\r\nBcc: c@mail.test");
  const data = { userId, email: "another@mail.test", name: "Ada" };
  await welcomeUser(deps, data, aMessage({ type: "user.registered", data }));
  await eventually(async () => (await service.listDeliveries(userId))[0]?.status !== "sending");
  const recipients = new Set(server.mails.flatMap((mail) => mail.to));
  for (const other of ["a@mail.test", "b@mail.test", "c@mail.test"]) expect(recipients).not.toContain(other);
});
