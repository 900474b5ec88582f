import { expect, test } from "bun:test";
import { join } from "node:path";
import { sseReader } from "../../services/_kit/testing/sse";
import { eventually } from "../support/eventually";
import {
  api,
  type Customer,
  call,
  newCustomer,
  placeOrder,
  plentiful,
  readOrder,
  settled,
  theAdmin,
} from "../support/shop";
import { stack } from "../support/stack";

const follow = async (buyer: Customer, orderId: string, lastEventId = "0") => {
  const headers = { authorization: `Bearer ${buyer.token}`, "last-event-id": lastEventId };
  return sseReader((await fetch(`${api}/orders/${orderId}/events`, { headers })).body);
};
async function aConfirmedOrder() {
  const buyer = await newCustomer();
  const { body: order } = await placeOrder(buyer, [{ productId: (await plentiful()).id, quantity: 1 }]);
  await settled(buyer, order.id);
  return { buyer, order };
}

test("an order instance that is asked to stop ends its streams, and stops without cutting anything off", async () => {
  const { buyer, order } = await aConfirmedOrder();
  const log = Bun.file(join(stack.dataDir, "log", "order-0.log"));
  const before = (await log.text()).length;
  const pid = stack.pid("order-0");
  const reader = await follow(buyer, order.id);
  await reader.until(({ data }) => data.type === "order.confirmed");
  await stack.kill("order-0", "SIGTERM");
  expect(await reader.next()).toMatchObject({ event: "end", data: { reason: "shutting_down" } });
  expect(await reader.next()).toBeUndefined();
  await eventually(() => stack.pid("order-0") !== undefined && stack.pid("order-0") !== pid, 30_000);
  // Where it left off, on the instance that came after it.
  const { history } = await readOrderAgain(buyer, order.id);
  const again = await eventually(async () => {
    const next = await follow(buyer, order.id, String(history.length - 1)).catch(() => undefined);
    return next && ((await next.next())?.id === String(history.length) ? next : undefined);
  }, 30_000);
  await again.cancel();
  const said = (await log.text()).slice(before);
  expect(said).toContain('"stopping"');
  expect(said).not.toContain("requests were cut off");
}, 90_000);

const readOrderAgain = (buyer: Customer, id: string) =>
  eventually(async () => {
    const order = await readOrder(buyer, id);
    return order.history && order;
  }, 30_000);

test("while Redis hangs, is dead and is back, a stream goes on", async () => {
  const { buyer, order } = await aConfirmedOrder();
  const reader = await follow(buyer, order.id);
  await reader.until(({ data }) => data.type === "order.confirmed");
  const admin = await theAdmin();
  async function becomes(status: string): Promise<void> {
    const answer = await call("PUT", `/orders/${order.id}/status`, { token: admin.token, body: { status } });
    expect(answer.status).toBe(200);
    expect((await reader.next())?.data).toMatchObject({ type: "order.status_changed", orderStatus: status });
  }
  const before = stack.pid("redis");
  await stack.kill("redis", "SIGSTOP");
  await becomes("shipped");
  await stack.kill("redis");
  await becomes("delivered");
  await eventually(() => stack.pid("redis") !== undefined && stack.pid("redis") !== before, 30_000);
  expect(await reader.next()).toMatchObject({ event: "end", data: { reason: "order_final" } });
}, 90_000);
