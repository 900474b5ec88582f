import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Queue } from "bullmq";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { newCustomer, pay, placeOrder, placeUnpaid, plentiful, settled } from "../support/shop";
import { stack } from "../support/stack";

/** What an operator types. */
const ops = (...args: string[]) => run("deploy/ops/main.ts", ...args);

async function run(script: string, ...args: string[]): Promise<{ ok: boolean; text: string }> {
  const child = Bun.spawn([process.execPath, script, ...args], {
    cwd: `${import.meta.dir}/../..`,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT_OFFSET: String(stack.offset), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { ok: (await child.exited) === 0, text: out + err };
}

let orderId: string;
const books = openBooks();
beforeAll(async () => {
  const customer = await newCustomer();
  const { id } = await plentiful();
  orderId = (await placeOrder(customer, [{ productId: id, quantity: 1 }])).body.id;
  await settled(customer, orderId);
});
afterAll(() => books.close());

/** An order whose payment's answer was lost, with everything that came after it. */
async function waitingForPayment(since: Record<string, unknown>) {
  const customer = await newCustomer();
  const { id } = await plentiful();
  const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
  const order = await settled(customer, placed.body.id);
  await books.orders.updateOne({ _id: order.id }, [
    {
      $set: {
        "saga.status": "running",
        "saga.step": "funds",
        status: "pending",
        "paymentMethod.sealedToken": "not opened again",
        sentSeq: "$lastSeq",
        version: { $add: ["$version", 1] },
        ...since,
      },
    },
  ]);
  return { customer, order };
}

describe("bun run ops", () => {
  test("shows queues, outboxes and sagas by state", async () => {
    const { ok, text } = await ops();
    expect(ok).toBe(true);
    for (const word of ["waiting", "dead", "unsent", "notification", "at an end"]) expect(text).toContain(word);
  });

  test("tells an order's story with every service's messages", async () => {
    const { text } = await ops("saga", orderId);
    for (const word of [
      "inventory.reserve",
      "inventory.updated",
      "reserved",
      "payment.charge",
      "payment.processed",
      "order.confirmed",
    ])
      expect(text).toContain(word);
  });

  test("finds the orders of a product, and every order in its history", async () => {
    const { items } = (await books.orders.findOne({ _id: orderId })) as unknown as { items: { productId: string }[] };
    const productId = items[0]?.productId as string;
    await eventually(async () => (await ops("product", productId)).text.includes(orderId));
    const replay = await run("deploy/ops/replay.ts");
    expect(replay.text).toContain(" 0 differences");
    expect(replay.ok).toBe(true);
  });

  test("says so in a line when there is no such order, and how to call it otherwise", async () => {
    const nobody = await ops("saga", "nobody");
    expect(nobody).toEqual({ ok: false, text: "there is no order nobody\n" });
    expect((await ops("nonsense")).text).toContain("bun run ops sagas");
    expect((await ops("resume", orderId)).text).toContain("no saga under way");
  });

  test("lists a dead letter, shows it whole, and puts it back", async () => {
    const { hostname, port, username, password } = new URL(stack.adminUrls.redis);
    const queue = new Queue("inventory", { connection: { host: hostname, port: Number(port), username, password } });
    const id = crypto.randomUUID();
    await queue.add("inventory.nonsense", { id, type: "inventory.nonsense", subject: "the-order" }, { jobId: id });
    await eventually(async () => (await (await queue.getJob(id))?.isFailed()) === true);
    expect((await ops("dead", "inventory")).text).toContain(id);
    const { text } = await ops("dead", "show", "inventory", id);
    expect(JSON.parse(text)).toMatchObject({ id, subject: "the-order", message: { type: "inventory.nonsense" } });
    expect((await ops("dead", "replay", "inventory", id)).text).toContain("1 put back");
    await eventually(async () => (await (await queue.getJob(id))?.isFailed()) === true);
    await (await queue.getJob(id))?.remove();
    expect((await ops("dead", "show", "inventory", id)).ok).toBe(false);
    await queue.close();
  });

  test("has a payment's saga that waits asked again, and it ends", async () => {
    const customer = await newCustomer();
    const { id: productId } = await plentiful();
    const order = await placeUnpaid(customer, [{ productId, quantity: 1 }]);
    await pay(customer, order.id);
    await settled(customer, order.id);
    const sagas = () => books.payments`select saga->>'status' as status from payment where order_id = ${order.id}`;
    await eventually(async () => (await sagas())[0]?.status === "completed");
    // As if order's last answer had never come.
    const answer = (await books.orders.findOne({ _id: order.id }))?.history.at(-1);
    expect(answer?.type).toBe("order.status_changed");
    // A copy of that answer that is still on its way would end it again.
    await eventually(async () => {
      await books.payments`delete from inbox where message_id = ${answer?.id ?? ""}`;
      await books.payments`
        update payment set saga = saga || '{"status":"running","step":"settle"}', saga_wake_at = now() + interval '1 hour'
        where order_id = ${order.id}`;
      return (await ops("sagas")).text.includes("pay-order");
    });
    expect((await ops("resume", order.id)).ok).toBe(true);
    await eventually(async () => (await sagas())[0]?.status === "completed");
    await books.balance([order.id]);
  });

  test("has a saga that waits asked again, and it ends", async () => {
    const { customer, order } = await waitingForPayment({ wakeAt: new Date(Date.now() + 3_600_000) });
    expect((await ops("sagas")).text).toContain(order.id);
    expect((await ops("resume", order.id)).ok).toBe(true);
    await settled(customer, order.id);
    await books.balance([order.id], "was passed over");
  });

  test("lists a saga that is parked, until it is resumed and ends; the metric tells of it meanwhile", async () => {
    // The sweep has asked often enough.
    const { customer, order } = await waitingForPayment({
      waitedSeconds: 3_600,
      updatedAt: new Date(Date.now() - 60_000),
      wakeAt: new Date(0),
    });
    await eventually(async () => (await ops("sagas", "stuck")).text.includes(order.id));
    const { text } = await ops("sagas", "stuck");
    for (const word of ["funds", "order.timed_out"]) expect(text).toContain(word);
    expect((await ops("saga", order.id)).text).toContain("stuck");
    expect((await ops("sagas")).text).not.toContain(order.id);
    expect((await ops("status")).text).toMatch(/place-order .* stuck /);
    const metrics = `http://127.0.0.1:${stack.ports.order}/metrics`;
    const stuck = 'sagas_stuck{saga="place-order",step="funds"} 1';
    await eventually(async () => (await (await fetch(metrics)).text()).includes(stuck));
    expect((await ops("resume", order.id)).ok).toBe(true);
    await settled(customer, order.id);
    await books.balance([order.id], "was passed over");
    expect((await ops("sagas", "stuck")).text).not.toContain(order.id);
    await eventually(async () => !(await (await fetch(metrics)).text()).includes(stuck));
  });
});
