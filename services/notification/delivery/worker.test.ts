import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { notifyBuyer } from "../commands/notify-buyer";
import type { DeliveryStore, Deps } from "../deps";
import { deliveryStore } from "../store/deliveries";
import { type TestMailServer, testMailServer } from "../testing/mail-server";
import {
  anEmail,
  anOrderConfirmed,
  type TestNotificationService,
  testNotificationService,
} from "../testing/notification-service";

let server: TestMailServer;
let service: TestNotificationService;
let deps: ReturnType<TestNotificationService["start"]>;
beforeAll(async () => {
  server = await testMailServer();
  service = await testNotificationService(server.url);
  deps = service.start();
});
afterAll(async () => {
  await service.close();
  await server.close();
});

/** Handles an `order.confirmed` message for the user. */
async function confirmOrder(worker: Deps, userId: string): Promise<void> {
  const { data, message } = anOrderConfirmed(userId);
  await notifyBuyer("order.confirmed")(worker, data, message);
}

describe("a failing mail server", () => {
  test("loses no mail: a failed attempt is repeated after a delay with the same Message-ID", async () => {
    const stopped = await testMailServer();
    const other = await testNotificationService(stopped.url);
    const otherDeps = other.start();
    const userId = other.aUser(anEmail());
    await stopped.close();
    await confirmOrder(otherDeps, userId);
    const [row] = await other.waitForStatus(userId, "pending");
    expect(row).toMatchObject({ attempts: 1 });
    expect(row?.error).toBeTruthy();

    const restarted = await testMailServer(stopped.port);
    await otherDeps.worker.sweep();
    expect((await other.listDeliveries(userId))[0]?.attempts).toBe(1);
    other.clock.advance(6);
    await otherDeps.worker.sweep();
    await other.waitForStatus(userId, "sent");
    expect(restarted.mails.map((mail) => mail.messageId)).toEqual([`<${row?.id}@shop.test>`]);
    await other.close();
    await restarted.close();
  });

  test("that refuses a recipient for good ends the delivery after one attempt", async () => {
    const userId = service.aUser(anEmail());
    server.refuse({ code: 550, text: "no such mailbox" });
    await confirmOrder(deps, userId);
    expect(await service.waitForStatus(userId, "failed")).toMatchObject([{ attempts: 1 }]);
    server.refuse(undefined);
  });

  test("that refuses a recipient temporarily ends the delivery after the last attempt", async () => {
    const userId = service.aUser(anEmail());
    server.refuse({ code: 451, text: "try again later" });
    await confirmOrder(deps, userId);
    await service.waitForStatus(userId, "pending");
    await service.sql`update delivery set attempts = 23 where user_id = ${userId}`;
    service.clock.advance(6);
    await deps.worker.sweep();
    expect(await service.waitForStatus(userId, "failed")).toMatchObject([{ attempts: 24 }]);
    server.refuse(undefined);
  });
});

describe("a process that crashes before sending", () => {
  /** A delivery that was recorded as `sending`, and whose worker then crashed. */
  async function anAbandonedDelivery(email: string): Promise<string> {
    const userId = service.aUser(email);
    await confirmOrder({ ...deps, worker: { hasCapacity: () => true, accept: () => {} } }, userId);
    return userId;
  }

  test("leaves a delivery that another worker sends after its lease has ended", async () => {
    const email = anEmail();
    const userId = await anAbandonedDelivery(email);
    await deps.worker.sweep();
    expect(server.mailsTo(email)).toHaveLength(0);
    service.clock.advance(61);
    await deps.worker.sweep();
    expect(await service.waitForStatus(userId, "sent")).toMatchObject([{ attempts: 2 }]);
    expect(server.mailsTo(email)).toHaveLength(1);
  });

  test("leaves deliveries that concurrent sweeps of two workers send once", async () => {
    const emails = Array.from({ length: 20 }, anEmail);
    const userIds = await Promise.all(emails.map(anAbandonedDelivery));
    const second = service.start();
    service.clock.advance(61);
    await Promise.all([deps.worker.sweep(), second.worker.sweep(), deps.worker.sweep()]);
    await Promise.all(userIds.map((userId) => service.waitForStatus(userId, "sent")));
    expect(emails.map((email) => server.mailsTo(email).length)).toEqual(emails.map(() => 1));
  });
});

describe("a delivery worker", () => {
  test("without capacity leaves deliveries in the table until a sweep", async () => {
    const userId = service.aUser(anEmail());
    await confirmOrder({ ...deps, worker: { hasCapacity: () => false, accept: () => {} } }, userId);
    expect(await service.listDeliveries(userId)).toMatchObject([{ status: "pending", attempts: 0 }]);
    await deps.worker.sweep();
    expect(await service.waitForStatus(userId, "sent")).toMatchObject([{ attempts: 1 }]);
  });

  test("that is closed finishes the current attempt and releases the waiting deliveries", async () => {
    const slow = await testMailServer();
    const other = await testNotificationService(slow.url);
    const otherDeps = other.start({ concurrency: 1, capacity: 2 });
    const acknowledge = slow.hold();
    const [current, waiting] = [other.aUser(anEmail()), other.aUser(anEmail())];
    for (const userId of [current, waiting]) await confirmOrder(otherDeps, userId);
    expect(otherDeps.worker.hasCapacity()).toBe(false);
    await otherDeps.worker.sweep();
    const closing = otherDeps.worker.close();
    acknowledge();
    await closing;
    expect(await other.listDeliveries(current)).toMatchObject([{ status: "sent" }]);
    expect(await other.listDeliveries(waiting)).toMatchObject([{ status: "pending" }]);
    expect(slow.mails).toHaveLength(1);
    await other.close();
    await slow.close();
  });

  test("does not send a delivery whose lease would end during the attempt", async () => {
    const email = anEmail();
    const leaseUntil = new Date(service.clock.now().getTime() + 10_000);
    const delivery = { id: Bun.randomUUIDv7(), channel: "email", template: "welcome", recipient: email };
    deps.worker.accept({ ...delivery, data: { name: "Ada" }, attempts: 1, leaseUntil });
    expect(deps.worker.hasCapacity()).toBe(true);
    expect(server.mailsTo(email)).toHaveLength(0);
  });

  test("that fails to record an outcome keeps it and records it later", async () => {
    const store = deliveryStore(service.sql);
    let failures = 2;
    const failing: DeliveryStore = {
      ...store,
      recordOutcomes: (...args) =>
        failures-- > 0 ? Promise.reject(new Error("database unavailable")) : store.recordOutcomes(...args),
    };
    const otherDeps = service.start({ deliveries: failing });
    const email = anEmail();
    const userId = service.aUser(email);
    await confirmOrder(otherDeps, userId);
    await service.waitForStatus(userId, "sent");
    expect(failures).toBeLessThan(0);
    expect(server.mailsTo(email)).toHaveLength(1);
  });

  test("gives up a delivery with an unknown template", async () => {
    const userId = service.aUser(anEmail());
    const now = service.clock.now();
    await deps.deliveries.record({
      id: Bun.randomUUIDv7(),
      messageId: Bun.randomUUIDv7(),
      channel: "email",
      userId,
      recipient: anEmail(),
      template: "unknown-template",
      subject: "",
      data: {},
      status: "pending",
      attempts: 0,
      leaseUntil: now,
      createdAt: now,
      traceparent: undefined,
    });
    await deps.worker.sweep();
    expect(await service.waitForStatus(userId, "failed")).toHaveLength(1);
  });
});
