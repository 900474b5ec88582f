import { afterAll } from "bun:test";
import { createClient } from "redis";
import { instancePort } from "../../deploy/local/config/ports";
import type { ServiceName } from "../../services/_contracts/services";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { percentile, scored, size } from "../support/score";
import { type Customer, call, cards, newCustomer, type Product, placeOrder, products, settled } from "../support/shop";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

/** Each is one of two but notification, to which nobody sends requests. */
const retired: ServiceName[] = ["order", "inventory", "payment", "user", "notification"];

/** Callers who never try again: whatever is not the answer they asked for, a broken connection above all, has failed them. */
function callers(buyers: Customer[], goods: Product[]) {
  const failures: string[] = [];
  const orders: string[] = [];
  let answered = 0;
  let over = false;

  async function expects<A extends { status: number; body: unknown }>(status: number, what: string, work: Promise<A>) {
    const answer = await work.catch((error) => ({ status: String(error), body: "" }) as never);
    answered++;
    if (answer.status !== status)
      failures.push(
        `${new Date().toISOString()} ${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`,
      );
    return answer;
  }

  async function shopper(buyer: Customer, number: number): Promise<void> {
    const { token } = buyer;
    const { id: productId } = goods[number % goods.length] as Product;
    const first = await placeOrder(buyer, [{ productId, quantity: 1 }]);
    await settled(buyer, first.body.id);
    while (!over) {
      const key = { "idempotency-key": crypto.randomUUID() };
      const placing = placeOrder(buyer, [{ productId, quantity: 1 }], cards.good, key);
      const { body, status } = await expects(201, "POST /orders", placing);
      if (status !== 201) continue;
      orders.push(body.id);
      await Promise.all([
        expects(200, "GET /orders/{id}", call("GET", `/orders/${body.id}`, { token })),
        expects(200, "GET /payments/order/{id}", call("GET", `/payments/order/${first.body.id}`, { token })),
        expects(200, "GET /products/{id}", call("GET", `/products/${productId}`)),
        expects(200, "GET /users/profile", call("GET", "/users/profile", { token })),
      ]);
      await Bun.sleep(100);
    }
  }
  const shopping = Promise.all(buyers.map(shopper));
  return {
    failures,
    orders,
    answered: () => answered,
    async stop() {
      over = true;
      await shopping;
    },
  };
}

/** @returns how long it took to end, milliseconds; when the next one of its name is ready */
async function retire(service: ServiceName, index: number): Promise<number> {
  const name = `${service}-${index}`;
  const before = stack.pid(name);
  const started = performance.now();
  await stack.retire(service, index);
  await eventually(() => stack.pid(name) !== before, 30_000);
  const tookMs = performance.now() - started;
  const ready = `http://127.0.0.1:${instancePort(stack.ports, service, index)}/ready`;
  await eventually(async () => (await fetch(ready)).ok, 30_000);
  return tookMs;
}

/** Redis, its data kept, out of everybody's reach. */
async function withoutRedis(work: () => Promise<void>): Promise<void> {
  const admin = await createClient({ url: stack.adminUrls.redis }).connect();
  try {
    await admin.configSet("port", "0");
    await admin.sendCommand(["CLIENT", "KILL", "SKIPME", "yes"]);
    await work();
  } finally {
    await admin.configSet("port", String(stack.ports.redis));
    await admin.close();
  }
}

scored([17], 15 * 60_000, async () => {
  const buyers = await Promise.all(Array.from({ length: 4 }, newCustomer));
  const goods = (await products()).filter((product) => product.available > 1000);
  const rounds = size(10, 1);
  // Orders pile up meanwhile, so it is two of the five in a short run.
  const withRedisAway = retired.slice(0, size(retired.length, 2));
  const load = callers(buyers, goods);
  const exits: { name: string; tookMs: number }[] = [];
  const retireAll = async (services: ServiceName[]) => {
    for (const service of services) exits.push({ name: service, tookMs: await retire(service, 0) });
  };
  let failedBefore = 0;
  try {
    for (let round = 0; round < rounds; round++) await retireAll(retired);
    failedBefore = load.failures.length;
    for (let round = 0; round < rounds; round++) await withoutRedis(() => retireAll(withRedisAway));
  } finally {
    await load.stop();
  }
  const { open } = await books.sagasOpen(load.orders, 180_000);
  const late = exits.filter(({ tookMs }) => tookMs > 10_000);
  const longestMs = percentile(
    exits.map(({ tookMs }) => tookMs),
    1,
  );
  const failed = `${failedBefore} failed, and ${load.failures.length - failedBefore} without Redis`;
  return [
    {
      figure: `${exits.length} instances, ${load.answered()} requests: ${failed}; the slowest exit took ${(longestMs / 1000).toFixed(1)} s`,
      problems: [
        ...load.failures,
        ...late.map(({ name, tookMs }) => `${name} took ${Math.round(tookMs)} ms to end`),
        ...open,
        ...(await books.problemsThatStay(load.orders)),
      ],
    },
  ];
});
