import { afterAll } from "bun:test";
import { createClient } from "redis";
import type { JsonResponse } from "../../deploy/local/clients/json-request";
import type { Product } from "../../deploy/local/clients/shop-api";
import { instancePort } from "../../deploy/local/config/ports";
import type { ServiceName } from "../../services/_contracts/services";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { scaled, scoreboardCheck } from "../support/score";
import { awaitSettled, type Customer, newCustomer, placeOrder, productsInStock } from "../support/shop";
import { api, stack } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

/** In this order. Each has two instances, except notification, which has one and receives no requests. */
const retired: ServiceName[] = ["order", "inventory", "payment", "user", "notification"];

/** Starts customers who never retry. A request fails if no response arrives, or one with an unexpected status. */
function startLoad(customers: Customer[], products: Product[]) {
  const failures: string[] = [];
  const orderIds: string[] = [];
  let requests = 0;
  let stopped = false;

  async function expectResponse<T>(
    status: number,
    sending: Promise<JsonResponse<T>>,
  ): Promise<JsonResponse<T> | undefined> {
    const response = await sending.catch((error: Error) => error.message);
    requests++;
    if (typeof response !== "string" && response.status === status) return response;
    const received =
      typeof response === "string"
        ? response
        : `${response.request}: ${response.status} ${JSON.stringify(response.body).slice(0, 200)}`;
    failures.push(`${new Date().toISOString()} expected ${status}, received ${received}`);
    return undefined;
  }

  async function shop(customer: Customer, index: number): Promise<void> {
    const { token } = customer;
    const { id: productId } = products[index % products.length] as Product;
    const first = await placeOrder(customer, [{ productId, quantity: 1 }]);
    await awaitSettled(customer, first.body.id);
    while (!stopped) {
      const idempotencyKey = crypto.randomUUID();
      const placed = await expectResponse(201, placeOrder(customer, [{ productId, quantity: 1 }], { idempotencyKey }));
      if (!placed) continue;
      orderIds.push(placed.body.id);
      await Promise.all([
        expectResponse(200, api.getOrder(token, placed.body.id)),
        expectResponse(200, api.listPayments(token, first.body.id)),
        expectResponse(200, api.getProduct(productId)),
        expectResponse(200, api.request("GET", "/users/profile", { token })),
      ]);
      await Bun.sleep(100);
    }
  }
  const shopping = Promise.all(customers.map(shop));
  return {
    failures,
    orderIds,
    requests: () => requests,
    async stop() {
      stopped = true;
      await shopping;
    },
  };
}

/** Retires an instance and waits until its successor is ready. @returns how long the instance took to exit, ms */
async function retire(service: ServiceName, index: number): Promise<number> {
  const name = `${service}-${index}`;
  const before = stack.pid(name);
  const started = performance.now();
  await stack.retire(service, index);
  await eventually(() => stack.pid(name) !== before, 30_000);
  const tookMs = performance.now() - started;
  const readyUrl = `http://127.0.0.1:${instancePort(stack.ports, service, index)}/ready`;
  await eventually(async () => (await fetch(readyUrl)).ok, 30_000);
  return tookMs;
}

/** Runs `work` while Redis keeps its data but accepts no connection. */
async function withRedisUnreachable(work: () => Promise<void>): Promise<void> {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  try {
    await redis.configSet("port", "0");
    await redis.sendCommand(["CLIENT", "KILL", "SKIPME", "yes"]);
    await work();
  } finally {
    await redis.configSet("port", String(stack.ports.redis));
    await redis.close();
  }
}

scoreboardCheck([17], 15 * 60_000, async () => {
  const customers = await Promise.all(Array.from({ length: 4 }, newCustomer));
  const products = await productsInStock();
  const rounds = scaled(10, 1);
  // The backlog of orders grows while Redis is unreachable. A short run therefore retires only two services.
  const retiredWithoutRedis = retired.slice(0, scaled(retired.length, 2));
  const load = startLoad(customers, products);
  const exits: { service: ServiceName; tookMs: number }[] = [];
  const retireAll = async (services: ServiceName[]) => {
    for (const service of services) exits.push({ service, tookMs: await retire(service, 0) });
  };
  let failedWithRedis = 0;
  try {
    for (let round = 0; round < rounds; round++) await retireAll(retired);
    failedWithRedis = load.failures.length;
    for (let round = 0; round < rounds; round++) await withRedisUnreachable(() => retireAll(retiredWithoutRedis));
  } finally {
    await load.stop();
  }
  const { unfinished } = await audit.awaitSagaEnds(load.orderIds, 180_000);
  const late = exits.filter(({ tookMs }) => tookMs > 10_000);
  const exitMsMax = Math.max(...exits.map(({ tookMs }) => tookMs));
  const failed = `${failedWithRedis} failed with Redis, ${load.failures.length - failedWithRedis} without`;
  const exit = `the slowest exit took ${(exitMsMax / 1000).toFixed(1)} s`;
  return [
    {
      figure: `${exits.length} instances, ${load.requests()} requests: ${failed}; ${exit}`,
      problems: [
        ...load.failures,
        ...late.map(({ service, tookMs }) => `${service} took ${Math.round(tookMs)} ms to exit`),
        ...unfinished,
        ...(await audit.remainingDifferences(load.orderIds)),
      ],
    },
  ];
});
