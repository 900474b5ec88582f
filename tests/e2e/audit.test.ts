import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openAudit } from "../support/audit";
import { aConfirmedOrder } from "../support/shop";

const audit = openAudit();
let orderId: string;
let mailedMessageId: string;
beforeAll(async () => {
  orderId = (await aConfirmedOrder()).order.id;
  await audit.expectConsistent([orderId]);
  const order = await audit.orders.findOne({ _id: orderId });
  mailedMessageId = String(order?.history.find(({ type }) => type === "order.confirmed")?.id);
});
afterAll(() => audit.close());

const updateOrder = (change: object) => audit.orders.updateOne({ _id: orderId }, change);

/** A change of one store that no service makes, and the difference that the audit must find. */
type StoreEdit = { name: string; change(): Promise<unknown>; restore(): Promise<unknown>; difference: string };

const storeEdits: StoreEdit[] = [
  {
    name: "a saga that has not ended",
    change: () => updateOrder({ $set: { "saga.status": "running" } }),
    restore: () => updateOrder({ $set: { "saga.status": "completed" } }),
    difference: "its saga is running",
  },
  {
    name: "a payment that is not completed",
    change: async () => audit.payments`update payment set status = 'voided' where order_id = ${orderId}`,
    restore: async () => audit.payments`update payment set status = 'completed' where order_id = ${orderId}`,
    difference: "confirmed, but its payments are [voided]",
  },
  {
    name: "a total that the provider did not charge",
    change: () => updateOrder({ $inc: { "total.amount": 1 } }),
    restore: () => updateOrder({ $inc: { "total.amount": -1 } }),
    difference: "confirmed, but the provider keeps",
  },
  {
    name: "a reservation that is released",
    change: async () => audit.inventory`update reservation set status = 'released' where order_id = ${orderId}`,
    restore: async () => audit.inventory`update reservation set status = 'committed' where order_id = ${orderId}`,
    difference: "confirmed, but its reservations are [released]",
  },
  {
    name: "a mail that was not sent",
    change: async () =>
      audit.notifications`update delivery set status = 'skipped' where message_id = ${mailedMessageId}`,
    restore: async () => audit.notifications`update delivery set status = 'sent' where message_id = ${mailedMessageId}`,
    difference: "a mail to its buyer was not sent",
  },
  {
    name: "a field that the history does not contain",
    change: () => updateOrder({ $set: { cancelReason: "planted" } }),
    restore: () => updateOrder({ $unset: { cancelReason: "" } }),
    difference: "cancelReason",
  },
];

describe("an audit finds", () => {
  test.each(storeEdits)("$name", async ({ change, restore, difference }) => {
    await change();
    const found = await audit.differences([orderId]).finally(restore);
    expect(found.filter((line) => line.startsWith(orderId) && line.includes(difference))).toHaveLength(1);
    expect(await audit.differences([orderId])).toEqual([]);
  });

  test("an order that is not stored", async () => {
    const id = Bun.randomUUIDv7();
    expect(await audit.differences([id])).toEqual([`${id}: lost`]);
  });
});
