import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Deps } from "../deps";
import { type TestMailServer, testMailServer } from "../testing/mail-server";
import {
  aMessage,
  anEmail,
  anOrder,
  anOrderConfirmed,
  aRefund,
  type TestNotificationService,
  testNotificationService,
} from "../testing/notification-service";
import { notifyBuyer } from "./notify-buyer";

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

test("a notification is sent to the buyer's current address; its data is removed afterwards", async () => {
  const userId = service.aUser("old@mail.test");
  const email = anEmail();
  service.changeEmail(userId, email);
  const { data, message } = anOrderConfirmed(userId);
  await notifyBuyer("order.confirmed")(deps, data, message);
  const [row] = await service.waitForStatus(userId, "sent");
  expect(row).toMatchObject({ recipient: email, attempts: 1, data: null, error: null });
  expect(server.mailsTo(email)).toHaveLength(1);
  expect(server.mailsTo(email)[0]?.messageId).toBe(`<${row?.id}@shop.test>`);
  expect(server.mailsTo(email)[0]?.raw).toContain("Subject: Your order is confirmed");
  expect(server.mailsTo(email)[0]?.raw).toContain("$39.98");
});

test("a notification to a deleted user is recorded as skipped", async () => {
  const userId = Bun.randomUUIDv7();
  const data = { ...anOrder(userId), reason: "payment.declined" };
  await notifyBuyer("order.cancelled")(deps, data, aMessage({ type: "order.cancelled", data }));
  expect(await service.listDeliveries(userId)).toMatchObject([{ status: "skipped", recipient: null, data: null }]);
});

test("a buyer is notified when an order is shipped, and not when it is delivered", async () => {
  const email = anEmail();
  const userId = service.aUser(email);
  const shipped = { orderId: Bun.randomUUIDv7(), userId, from: "confirmed", to: "shipped", reason: "Parcel 42" };
  const delivered = { ...shipped, from: "shipped", to: "delivered" };
  for (const data of [delivered, shipped])
    await notifyBuyer("order.status_changed")(deps, data, aMessage({ type: "order.status_changed", data }));
  await service.waitForStatus(userId, "sent");
  expect(await service.listDeliveries(userId)).toHaveLength(1);
  expect(server.mailsTo(email)[0]?.raw).toContain("Parcel 42");
});

test("a refund is notified once with its amount, even if its message is repeated", async () => {
  const email = anEmail();
  const userId = service.aUser(email);
  const data = aRefund(userId);
  const message = aMessage({ type: "payment.refunded", data });
  const notify = () => notifyBuyer("payment.refunded")(deps, data, message);
  await Promise.all([notify(), notify()]);
  await service.waitForStatus(userId, "sent");
  await notify();
  expect(await service.listDeliveries(userId)).toHaveLength(1);
  expect(server.mailsTo(email)).toHaveLength(1);
  expect(server.mailsTo(email)[0]?.raw).toContain("$19.99");
  expect(server.mailsTo(email)[0]?.raw).toContain(data.refundId);
});

test("the command fails while the user service is unavailable, and records no delivery", async () => {
  const userId = Bun.randomUUIDv7();
  const { data, message } = anOrderConfirmed(userId);
  const findUser = () => Promise.reject(new Error("user unavailable"));
  const notified = notifyBuyer("order.confirmed")({ ...deps, findUser }, data, message);
  await expect(notified).rejects.toThrow("user unavailable");
  expect(await service.listDeliveries(userId)).toHaveLength(0);
});
