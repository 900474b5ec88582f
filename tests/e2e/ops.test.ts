import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Queue } from "bullmq";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { type CommandResult, ops, runScript } from "../support/processes/ops";
import {
  aConfirmedOrder,
  awaitSettled,
  newCustomer,
  payOrder,
  placeUnpaidOrder,
  productInStock,
} from "../support/shop";
import { stack } from "../support/stack";

function expectWords({ text }: CommandResult, words: string[]): void {
  for (const word of words) expect(text).toContain(word);
}

let orderId: string;
const audit = openAudit();
beforeAll(async () => {
  orderId = (await aConfirmedOrder()).order.id;
});
afterAll(() => audit.close());

/** Resets a confirmed order to the moment before the reply to its charge, as if that reply had been lost. */
async function anOrderWithLostReply(fields: Record<string, unknown>) {
  const { customer, order } = await aConfirmedOrder();
  await audit.orders.updateOne({ _id: order.id }, [
    {
      $set: {
        "saga.status": "running",
        "saga.step": "funds",
        status: "pending",
        "paymentMethod.sealedToken": "not opened again",
        sentSeq: "$lastSeq",
        version: { $add: ["$version", 1] },
        ...fields,
      },
    },
  ]);
  return { customer, order };
}

describe("bun run ops", () => {
  test("shows the queues, the outboxes and the sagas by state", async () => {
    const result = await ops();
    expect(result.ok).toBe(true);
    expectWords(result, ["waiting", "dead", "unsent", "notification", "ended"]);
  });

  test("saga <order> lists the messages of every service about the order", async () => {
    expectWords(await ops("saga", orderId), [
      "inventory.reserve",
      "inventory.updated",
      "reserved",
      "payment.charge",
      "payment.processed",
      "order.confirmed",
    ]);
  });

  test("product <id> lists the orders of a product, and replay finds no difference", async () => {
    const productId = (await audit.orders.findOne({ _id: orderId }))?.items[0]?.productId as string;
    await eventually(async () => (await ops("product", productId)).text.includes(orderId));
    const replay = await runScript(["deploy/ops/replay.ts"]);
    expect(replay.text).toContain(" 0 differences");
    expect(replay.ok).toBe(true);
  });

  test("reports an unknown order in one line, and an unknown command with the usage", async () => {
    expect(await ops("saga", "nobody")).toEqual({ ok: false, text: "order nobody not found\n" });
    expect((await ops("nonsense")).text).toContain("bun run ops sagas");
    expect((await ops("resume", orderId)).text).toContain("no saga under way");
  });

  test("dead lists a dead letter, shows it in full and replays it", async () => {
    const { hostname, port, username, password } = new URL(stack.adminUrls.redis);
    const queue = new Queue("inventory", { connection: { host: hostname, port: Number(port), username, password } });
    const id = crypto.randomUUID();
    const hasFailed = async () => (await (await queue.getJob(id))?.isFailed()) === true;
    await queue.add("inventory.nonsense", { id, type: "inventory.nonsense", subject: "the-order" }, { jobId: id });
    await eventually(hasFailed);
    expect((await ops("dead", "inventory")).text).toContain(id);
    const { text } = await ops("dead", "show", "inventory", id);
    expect(JSON.parse(text)).toMatchObject({ id, subject: "the-order", message: { type: "inventory.nonsense" } });
    for (const which of [id, "all"]) {
      const failedAt = (await queue.getJob(id))?.finishedOn as number;
      expect((await ops("dead", "replay", "inventory", which)).text).toContain("replayed 1 message");
      const job = await eventually(async () => {
        const current = await queue.getJob(id);
        return current && (current.finishedOn ?? 0) > failedAt ? current : undefined;
      });
      // It had all its attempts again, and used one.
      expect(job.attemptsMade).toBe(1);
    }
    await (await queue.getJob(id))?.remove();
    expect((await ops("dead", "show", "inventory", id)).ok).toBe(false);
    await queue.close();
  });

  test("resume retries the command of a payment's saga that waits, and the saga completes", async () => {
    const customer = await newCustomer();
    const { id: productId } = await productInStock();
    const order = await placeUnpaidOrder(customer, [{ productId, quantity: 1 }]);
    await payOrder(customer, order.id);
    await awaitSettled(customer, order.id);
    const isCompleted = async () => {
      const [row] = await audit.payments`select saga->>'status' as status from payment where order_id = ${order.id}`;
      return row?.status === "completed";
    };
    await eventually(isCompleted);
    const lastReply = (await audit.orders.findOne({ _id: order.id }))?.history.at(-1);
    expect(lastReply?.type).toBe("order.status_changed");
    // Resets the saga as if order's last reply had been lost. A copy of the reply that is still queued may complete the
    // saga again, so the reset is repeated until the saga is listed.
    await eventually(async () => {
      await audit.payments`delete from inbox where message_id = ${lastReply?.id ?? ""}`;
      await audit.payments`
        update payment set saga = saga || '{"status":"running","step":"settle"}', saga_wake_at = now() + interval '1 hour'
        where order_id = ${order.id}`;
      return (await ops("sagas")).text.includes("pay-order");
    });
    expect((await ops("resume", order.id)).ok).toBe(true);
    await eventually(isCompleted);
    await audit.expectConsistent([order.id]);
  });

  test("resume retries the command of an order's saga that waits, and the saga completes", async () => {
    const { customer, order } = await anOrderWithLostReply({ wakeAt: new Date(Date.now() + 3_600_000) });
    expect((await ops("sagas")).text).toContain(order.id);
    expect((await ops("resume", order.id)).ok).toBe(true);
    await awaitSettled(customer, order.id);
    await audit.expectConsistent([order.id], { compareHistory: false });
  });

  test("sagas stuck and the metric sagas_stuck show a parked saga until it is resumed", async () => {
    // The saga has waited for longer than the limit, so the sweep parks it.
    const { customer, order } = await anOrderWithLostReply({
      waitedSeconds: 3_600,
      updatedAt: new Date(Date.now() - 60_000),
      wakeAt: new Date(0),
    });
    await eventually(async () => (await ops("sagas", "stuck")).text.includes(order.id));
    expectWords(await ops("sagas", "stuck"), ["funds", "order.timed_out"]);
    expect((await ops("saga", order.id)).text).toContain("stuck");
    expect((await ops("sagas")).text).not.toContain(order.id);
    expect((await ops("status")).text).toMatch(/place-order .* stuck /);
    const readMetrics = async () => (await fetch(`http://127.0.0.1:${stack.ports.order}/metrics`)).text();
    const stuck = 'sagas_stuck{saga="place-order",step="funds"} 1';
    await eventually(async () => (await readMetrics()).includes(stuck));
    expect((await ops("resume", order.id)).ok).toBe(true);
    await awaitSettled(customer, order.id);
    await audit.expectConsistent([order.id], { compareHistory: false });
    expect((await ops("sagas", "stuck")).text).not.toContain(order.id);
    await eventually(async () => !(await readMetrics()).includes(stuck));
  });
});
