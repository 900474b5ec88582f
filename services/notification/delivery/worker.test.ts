import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import { tellCancelled, tellConfirmed, tellRefunded, tellShipped } from "../commands/notify-buyer";
import { verifyNewEmail, welcomeUser } from "../commands/welcome-user";
import type { Deps } from "../deps";
import { deliveryStore } from "../store/deliveries";
import { type TestMailServer, testMailServer } from "../testing/mail-server";
import { aMessage, anOrder, aRefund, publicUrl, type TestOffice, testOffice } from "../testing/notification-service";

let server: TestMailServer;
let office: TestOffice;
let deps: ReturnType<TestOffice["open"]>;
beforeAll(async () => {
  server = await testMailServer();
  office = await testOffice(server.url);
  deps = office.open();
});
afterAll(async () => {
  await office.close();
  await server.close();
});

let people = 0;
const anAddress = () => `ada-${++people}@mail.test`;
const mailsTo = (address: string) => server.mails.filter((mail) => mail.to.includes(address));
/** A mail's text, whose lines end where quoted-printable had to break them. */
const plain = (raw = "") =>
  raw.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
const confirmed = (userId: string) => {
  const data = anOrder(userId);
  return { data, message: aMessage({ type: "order.confirmed", data }) };
};
const delivered = (userId: string, status = "sent") =>
  eventually(async () => {
    const rows = await office.deliveriesTo(userId);
    return rows.length > 0 && rows.every((row) => row.status === status) ? rows : undefined;
  });

describe("a notice", () => {
  test("goes to the buyer's address of today, and its content is not kept", async () => {
    const userId = office.aUser("old@mail.test");
    const address = anAddress();
    office.rename(userId, address);
    const { data, message } = confirmed(userId);
    await tellConfirmed(deps, data, message);
    const [row] = await delivered(userId);
    expect(row).toMatchObject({ recipient: address, attempts: 1, data: null, error: null });
    expect(mailsTo(address)).toHaveLength(1);
    expect(mailsTo(address)[0]?.messageId).toBe(`<${row?.id}@shop.test>`);
    expect(mailsTo(address)[0]?.raw).toContain("Subject: Your order is confirmed");
    expect(mailsTo(address)[0]?.raw).toContain("$39.98");
  });

  test("is sent once, however often its message comes", async () => {
    const address = anAddress();
    const userId = office.aUser(address);
    const data = { userId, email: address, name: "Ada" };
    const message = aMessage({ type: "user.registered", data });
    await Promise.all([welcomeUser(deps, data, message), welcomeUser(deps, data, message)]);
    await delivered(userId);
    await welcomeUser(deps, data, message);
    expect(await office.deliveriesTo(userId)).toHaveLength(1);
    expect(mailsTo(address)).toHaveLength(1);
  });

  test("to somebody who is no longer a user is recorded as skipped", async () => {
    const userId = Bun.randomUUIDv7();
    const data = { ...anOrder(userId), reason: "payment.declined" };
    await tellCancelled(deps, data, aMessage({ type: "order.cancelled", data }));
    expect(await office.deliveriesTo(userId)).toMatchObject([{ status: "skipped", recipient: null, data: null }]);
  });

  test("about a parcel is sent when it leaves, and not when it arrives", async () => {
    const address = anAddress();
    const userId = office.aUser(address);
    const moved = { orderId: Bun.randomUUIDv7(), userId, from: "confirmed", to: "shipped", reason: "Parcel 42" };
    const arrived = { ...moved, from: "shipped", to: "delivered" };
    for (const data of [arrived, moved])
      await tellShipped(deps, data, aMessage({ type: "order.status_changed", data }));
    await delivered(userId);
    expect(await office.deliveriesTo(userId)).toHaveLength(1);
    expect(mailsTo(address)[0]?.raw).toContain("Parcel 42");
  });

  test("about a refund says how much, once a refund, however often it is told", async () => {
    const address = anAddress();
    const userId = office.aUser(address);
    const data = aRefund(userId);
    const message = aMessage({ type: "payment.refunded", data });
    await Promise.all([tellRefunded(deps, data, message), tellRefunded(deps, data, message)]);
    await delivered(userId);
    await tellRefunded(deps, data, message);
    expect(await office.deliveriesTo(userId)).toHaveLength(1);
    expect(mailsTo(address)).toHaveLength(1);
    expect(mailsTo(address)[0]?.raw).toContain("$19.99");
    expect(mailsTo(address)[0]?.raw).toContain(data.refundId);
  });

  test("is left in the queue when nobody knows whom it is for", async () => {
    const userId = Bun.randomUUIDv7();
    const { data, message } = confirmed(userId);
    const findUser = () => Promise.reject(new Error("user is away"));
    await expect(tellConfirmed({ ...deps, findUser }, data, message)).rejects.toThrow("user is away");
    expect(await office.deliveriesTo(userId)).toHaveLength(0);
  });

  test("to one address is one address, whatever signs are in it", async () => {
    const userId = office.aUser("a@mail.test, b@mail.test", "Ada\r\nBcc: c@mail.test");
    const data = { userId, email: "another@mail.test", name: "Ada" };
    await welcomeUser(deps, data, aMessage({ type: "user.registered", data }));
    await eventually(async () => (await office.deliveriesTo(userId))[0]?.status !== "sending");
    const reached = new Set(server.mails.flatMap((mail) => mail.to));
    for (const other of ["a@mail.test", "b@mail.test", "c@mail.test"]) expect(reached).not.toContain(other);
  });
});

describe("a mail that asks for the address to be verified", () => {
  const verifications = [
    ["user.registered", welcomeUser, "welcome", "Welcome to the Shop"],
    ["user.email_changed", verifyNewEmail, "verify-email", "Verify your new e-mail address"],
  ] as const;

  test.each(verifications)(
    "%s: holds the token, goes where it is for, and is not kept",
    async (type, ask, template, subject) => {
      const address = anAddress();
      const userId = office.aUser(address);
      const data = { userId, email: "by-then-another@mail.test", name: "Ada" };
      await ask(deps, data, aMessage({ type, data }));
      expect(await delivered(userId)).toMatchObject([{ recipient: address, template, data: null }]);
      const [mail, ...more] = mailsTo(address);
      expect(more).toEqual([]);
      expect(mail?.raw).toContain(`Subject: ${subject}`);
      expect(plain(mail?.raw)).toContain(`${publicUrl}/verify-email#token-for-${address}`);
    },
  );

  test.each(verifications)("%s: to somebody who has left is recorded as skipped", async (type, ask) => {
    const data = { userId: Bun.randomUUIDv7(), email: anAddress(), name: "Ada" };
    await ask(deps, data, aMessage({ type, data }));
    expect(await office.deliveriesTo(data.userId)).toMatchObject([{ status: "skipped", data: null }]);
    expect(mailsTo(data.email)).toEqual([]);
  });

  test.each(verifications)("%s: is left in the queue while there is no token to be had", async (type, ask) => {
    const data = { userId: office.aUser(anAddress()), email: anAddress(), name: "Ada" };
    const verificationOf = () => Promise.reject(new Error("user is away"));
    await expect(ask({ ...deps, verificationOf }, data, aMessage({ type, data }))).rejects.toThrow("user is away");
    expect(await office.deliveriesTo(data.userId)).toEqual([]);
  });
});

describe("a mail server", () => {
  test("that is away costs no mail: it is sent again later, recognisably the same", async () => {
    const away = await testMailServer();
    const other = await testOffice(away.url);
    const otherDeps = other.open();
    const userId = other.aUser(anAddress());
    await away.close();
    const { data, message } = confirmed(userId);
    await tellConfirmed(otherDeps, data, message);
    const [row] = await eventually(async () => {
      const rows = await other.deliveriesTo(userId);
      return rows[0]?.status === "pending" ? rows : undefined;
    });
    expect(row).toMatchObject({ attempts: 1 });
    expect(row?.error).toBeTruthy();

    const back = await testMailServer(away.port);
    await otherDeps.postman.sweep();
    expect((await other.deliveriesTo(userId))[0]?.attempts).toBe(1);
    other.clock.advance(6);
    await otherDeps.postman.sweep();
    await eventually(async () => (await other.deliveriesTo(userId))[0]?.status === "sent");
    expect(back.mails.map((mail) => mail.messageId)).toEqual([`<${row?.id}@shop.test>`]);
    await other.close();
    await back.close();
  });

  test("that knows no such recipient ends it; one that is busy does not, until it was tried often enough", async () => {
    const [gone, busy] = [office.aUser(anAddress()), office.aUser(anAddress())];
    server.refuse({ code: 550, text: "no such mailbox" });
    const first = confirmed(gone);
    await tellConfirmed(deps, first.data, first.message);
    expect(await delivered(gone, "failed")).toMatchObject([{ attempts: 1 }]);

    server.refuse({ code: 451, text: "try again later" });
    const second = confirmed(busy);
    await tellConfirmed(deps, second.data, second.message);
    await delivered(busy, "pending");
    await office.sql`update delivery set attempts = 23 where user_id = ${busy}`;
    office.clock.advance(6);
    await deps.postman.sweep();
    expect(await delivered(busy, "failed")).toMatchObject([{ attempts: 24 }]);
    server.refuse(undefined);
  });
});

describe("a process that dies", () => {
  /** A delivery that was recorded as being sent by a process that is no more. */
  async function orphan(address: string) {
    const userId = office.aUser(address);
    const { data, message } = confirmed(userId);
    const postman = { hasRoom: () => true, take: () => {} };
    await tellConfirmed({ ...deps, postman }, data, message);
    return userId;
  }

  test("before sending leaves the mail to the others, once its lease is over", async () => {
    const address = anAddress();
    const userId = await orphan(address);
    await deps.postman.sweep();
    expect(mailsTo(address)).toHaveLength(0);
    office.clock.advance(61);
    await deps.postman.sweep();
    expect(await delivered(userId)).toMatchObject([{ attempts: 2 }]);
    expect(mailsTo(address)).toHaveLength(1);
  });

  test("leaves nothing that two others would both send", async () => {
    const addresses = Array.from({ length: 20 }, anAddress);
    const orphans = await Promise.all(addresses.map(orphan));
    const second = office.open();
    office.clock.advance(61);
    await Promise.all([deps.postman.sweep(), second.postman.sweep(), deps.postman.sweep()]);
    await Promise.all(orphans.map((userId) => delivered(userId)));
    expect(addresses.map((address) => mailsTo(address).length)).toEqual(addresses.map(() => 1));
  });
});

describe("a postman", () => {
  test("with no room leaves mails in the table, and comes back for them", async () => {
    const userId = office.aUser(anAddress());
    const { data, message } = confirmed(userId);
    const postman = { hasRoom: () => false, take: () => {} };
    await tellConfirmed({ ...deps, postman }, data, message);
    expect(await office.deliveriesTo(userId)).toMatchObject([{ status: "pending", attempts: 0 }]);
    await deps.postman.sweep();
    expect(await delivered(userId)).toMatchObject([{ attempts: 1 }]);
  });

  test("who stops finishes the mail in hand and gives back the rest", async () => {
    const slow = await testMailServer();
    const other = await testOffice(slow.url);
    const otherDeps = other.open({ concurrency: 1, room: 2 });
    const letGo = slow.hold();
    const [inHand, waiting] = [other.aUser(anAddress()), other.aUser(anAddress())];
    for (const userId of [inHand, waiting]) {
      const { data, message } = confirmed(userId);
      await tellConfirmed(otherDeps, data, message);
    }
    expect(otherDeps.postman.hasRoom()).toBe(false);
    await otherDeps.postman.sweep();
    const closing = otherDeps.postman.close();
    letGo();
    await closing;
    expect(await other.deliveriesTo(inHand)).toMatchObject([{ status: "sent" }]);
    expect(await other.deliveriesTo(waiting)).toMatchObject([{ status: "pending" }]);
    expect(slow.mails).toHaveLength(1);
    await other.close();
    await slow.close();
  });

  test("who held a mail for too long does not send it: somebody else may have", async () => {
    const address = anAddress();
    const leaseUntil = new Date(office.clock.now().getTime() + 10_000);
    const delivery = { id: Bun.randomUUIDv7(), channel: "email", template: "welcome", recipient: address };
    deps.postman.take({ ...delivery, data: { name: "Ada" }, attempts: 1, leaseUntil });
    expect(deps.postman.hasRoom()).toBe(true);
    expect(mailsTo(address)).toHaveLength(0);
  });

  test("who cannot note that a mail was sent remembers it", async () => {
    const store = deliveryStore(office.sql);
    let failures = 2;
    const forgetful: Deps["deliveries"] = {
      ...store,
      note: (...args) => (failures-- > 0 ? Promise.reject(new Error("database away")) : store.note(...args)),
    };
    const otherDeps = office.open({ store: forgetful });
    const address = anAddress();
    const userId = office.aUser(address);
    const { data, message } = confirmed(userId);
    await tellConfirmed(otherDeps, data, message);
    await delivered(userId);
    expect(failures).toBeLessThan(0);
    expect(mailsTo(address)).toHaveLength(1);
  });

  test("gives up what nobody here knows how to send", async () => {
    const userId = office.aUser(anAddress());
    const now = office.clock.now();
    await deps.deliveries.record({
      ...{ id: Bun.randomUUIDv7(), messageId: Bun.randomUUIDv7(), channel: "email", userId, recipient: anAddress() },
      ...{ template: "from-the-future", subject: "?", data: {}, status: "pending" },
      ...{ attempts: 0, leaseUntil: now, createdAt: now },
    });
    await deps.postman.sweep();
    expect(await delivered(userId, "failed")).toHaveLength(1);
  });
});
