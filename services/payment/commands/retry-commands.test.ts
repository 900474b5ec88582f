import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { retryCommands } from "./retry-commands";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

const makeRetryDue = ({ orderId }: Payable) =>
  service.sql`update payment set saga_wake_at = now() where order_id = ${orderId} and saga_wake_at is not null`;

test("a command is sent again at growing intervals, only while order's reply is awaited", async () => {
  const order = service.newOrder();
  await service.pay(order);
  await retryCommands(service.deps);
  expect(await service.messageTypes(order.orderId)).toEqual(["order.begin"]);
  const pauses: number[] = [];
  for (let n = 0; n < 3; n++) {
    await makeRetryDue(order);
    await retryCommands(service.deps);
    const [row] = await service.sql<{ seconds: number }[]>`
      select extract(epoch from saga_wake_at - now())::float as seconds from payment where order_id = ${order.orderId}`;
    pauses.push(row?.seconds ?? 0);
    await service.sql`update payment set updated_at = updated_at - interval '20 seconds' where order_id = ${order.orderId}`;
  }
  expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
  expect(pauses[2]).toBeGreaterThan(30);
  expect(await service.messageTypes(order.orderId)).toEqual(Array.from({ length: 4 }, () => "order.begin"));
  await service.beginPayment(order);
  await makeRetryDue(order);
  await retryCommands(service.deps);
  expect((await service.messageTypes(order.orderId)).slice(4)).toEqual([
    "payment.processed",
    "order.settle",
    "order.settle",
  ]);
  await service.replyFromOrder(order, "order.status_changed", { to: "confirmed" });
  expect(await makeRetryDue(order)).toHaveLength(0);
  await retryCommands(service.deps);
  expect(await service.messageTypes(order.orderId)).toHaveLength(7);
});
