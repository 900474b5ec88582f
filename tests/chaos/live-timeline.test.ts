import { expect, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { followOrder } from "../support/live-timeline";
import { aConfirmedOrder, loginAsAdmin, readOrder } from "../support/shop";
import { api, stack } from "../support/stack";

test("SIGTERM ends the streams of an order instance and cuts off no request", async () => {
  const { customer, order } = await aConfirmedOrder();
  const log = Bun.file(join(stack.dataDir, "log", "order-0.log"));
  const logLength = (await log.text()).length;
  const pid = stack.pid("order-0");
  const { reader } = await followOrder(customer.token, order.id, "0");
  await reader.readUntil(({ data }) => data.type === "order.confirmed");
  await stack.kill("order-0", "SIGTERM");
  expect(await reader.next()).toMatchObject({ event: "end", data: { reason: "shutting_down" } });
  expect(await reader.next()).toBeUndefined();
  await eventually(() => stack.pid("order-0") !== undefined && stack.pid("order-0") !== pid, 30_000);
  // A client that reconnects to the restarted instance continues after its last event.
  const history = await eventually(async () => (await readOrder(customer, order.id)).history, 30_000);
  const resumed = await eventually(async () => {
    const lastEventId = String(history.length - 1);
    const stream = await followOrder(customer.token, order.id, lastEventId).catch(() => undefined);
    return stream && ((await stream.reader.next())?.id === String(history.length) ? stream.reader : undefined);
  }, 30_000);
  await resumed.cancel();
  const logged = (await log.text()).slice(logLength);
  expect(logged).toContain('"stopping"');
  expect(logged).not.toContain("requests were cut off");
}, 90_000);

test("a stream continues while Redis hangs, is killed and is restarted", async () => {
  const { customer, order } = await aConfirmedOrder();
  const { reader } = await followOrder(customer.token, order.id, "0");
  await reader.readUntil(({ data }) => data.type === "order.confirmed");
  const { token } = await loginAsAdmin();
  async function setStatus(status: string): Promise<void> {
    const response = await api.request("PUT", `/orders/${order.id}/status`, { token, body: { status } });
    expect(response.status).toBe(200);
    expect((await reader.next())?.data).toMatchObject({ type: "order.status_changed", orderStatus: status });
  }
  const before = stack.pid("redis");
  await stack.kill("redis", "SIGSTOP");
  await setStatus("shipped");
  await stack.kill("redis");
  await setStatus("delivered");
  await eventually(() => stack.pid("redis") !== undefined && stack.pid("redis") !== before, 30_000);
  expect(await reader.next()).toMatchObject({ event: "end", data: { reason: "order_final" } });
}, 90_000);
