import { afterAll } from "bun:test";
import { openAudit } from "../support/audit";
import { killAndAwaitRestart, placeOrdersDuringFaults } from "../support/kill";
import { newResponseMonitor, type ResponseMonitor } from "../support/response-monitor";
import { type Finding, scaled, scoreboardCheck } from "../support/score";
import type { LineNumber } from "../support/score-lines";
import { customerPassword, loginAsAdmin, newCustomer } from "../support/shop";
import { newShoppers } from "../support/shoppers";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

/** A client that writes one change after the other until `isOver`. Every acknowledged change must be stored at the end. */
type Writer = {
  run(isOver: () => boolean): Promise<void>;
  acknowledged(): number;
  differences(): Promise<string[]>;
};

/** Changes a customer's name to 1, 2, 3 and so on. The stored name must be the last acknowledged one or a later one. */
function nameWriter({ token }: { token: string }, monitor: ResponseMonitor): Writer {
  let attempted = 0;
  let acknowledged = 0;
  return {
    async run(isOver) {
      while (!isOver()) {
        const value = ++attempted;
        const response = await monitor.request("PUT", "/users/profile", { token, body: { name: String(value) } });
        if (response && response.status < 300) acknowledged = value;
        else await Bun.sleep(50);
      }
    },
    acknowledged: () => acknowledged,
    async differences() {
      const { body } = await api.request<{ name: string }>("GET", "/users/profile", { token });
      return isBetween(Number(body.name), acknowledged, attempted)
        ? []
        : [`the name is ${body.name}, acknowledged ${acknowledged}, attempted ${attempted}`];
    },
  };
}

/** Adds one unit of stock at a time. All acknowledged units must be in stock; others that were sent may be. */
function stockWriter({ token }: { token: string }, productId: string, monitor: ResponseMonitor): Writer {
  let attempted = 0;
  let acknowledged = 0;
  const path = `/products/${productId}/stock`;
  return {
    async run(isOver) {
      while (!isOver()) {
        attempted++;
        const response = await monitor.request("POST", path, { token, body: { quantity: 1, reason: "received" } });
        if (response?.status === 200) acknowledged++;
        else await Bun.sleep(50);
      }
    },
    acknowledged: () => acknowledged,
    async differences() {
      const onHand = (await audit.readStock()).get(productId)?.onHand ?? 0;
      return isBetween(onHand, acknowledged, attempted)
        ? []
        : [`${onHand} units on hand, acknowledged ${acknowledged}, attempted ${attempted}`];
    },
  };
}

/** Registers users. Every user whose registration was acknowledged must have a profile. */
function userWriter(monitor: ResponseMonitor): Writer {
  const tokens: string[] = [];
  return {
    async run(isOver) {
      while (!isOver()) {
        const body = { email: `${crypto.randomUUID()}@example.test`, password: customerPassword, name: "Ada" };
        const response = await monitor.request("POST", "/auth/register", { body });
        if (response?.status === 201) tokens.push(String(response.body.token));
        await Bun.sleep(100);
      }
    },
    acknowledged: () => tokens.length,
    async differences() {
      const profiles = await Promise.all(tokens.map((token) => api.request("GET", "/users/profile", { token })));
      return profiles.filter(({ status }) => status !== 200).map(({ status }) => `profile of a new user: ${status}`);
    },
  };
}

const isBetween = (value: number, min: number, max: number) => value >= min && value <= max;

async function createProduct({ token }: { token: string }): Promise<string> {
  const id = Bun.randomUUIDv7();
  const body = { name: "Crash-tested", description: "", price: { amount: 100, currency: "USD" } };
  await api.request("PUT", `/products/${id}`, { token, body });
  return id;
}

async function killUnderLoad(store: "postgres" | "mongo", kills: number): Promise<Finding> {
  const monitor = newResponseMonitor();
  const shoppers = await newShoppers(monitor.observe);
  const [admin, customer] = await Promise.all([loginAsAdmin(), newCustomer()]);
  const { token } = customer;
  const productId = await createProduct(admin);

  const writers = {
    "names changed": nameWriter(customer, monitor),
    "units added": stockWriter(admin, productId, monitor),
    "users registered": userWriter(monitor),
  };
  let over = false;
  const isOver = () => over;
  const read = async () => {
    while (!over) {
      await monitor.request("GET", `/products/${productId}`);
      await monitor.request("GET", `/orders/user/${customer.id}`, { token });
      await monitor.request("GET", "/users/profile", { token });
      await Bun.sleep(20);
    }
  };
  const background = [read(), ...Object.values(writers).map((writer) => writer.run(isOver))];
  const faults = Array.from({ length: kills }, () => () => killAndAwaitRestart(store));
  const ids = await placeOrdersDuringFaults(shoppers, { orders: kills * 60, faults }).finally(() => {
    over = true;
  });
  await Promise.all(background);

  const { unfinished } = await audit.awaitSagaEnds(ids, 60_000);
  const differences = [
    ...unfinished,
    ...(await audit.remainingDifferences(ids)),
    ...(await audit.productDifferences()),
    ...(await Promise.all(Object.values(writers).map((writer) => writer.differences()))).flat(),
  ];
  const acknowledged = Object.entries(writers).map(([changes, writer]) => `${writer.acknowledged()} ${changes}`);
  console.log(`${store}: responses by status ${JSON.stringify(monitor.countsByStatus())}`);
  const lost = `${kills} kills: ${differences.length} lost of ${ids.length} orders, ${acknowledged.join(", ")}`;
  return {
    figure: `${lost}; ${monitor.violations.length} wrong or late server errors`,
    problems: [...differences, ...monitor.violations],
  };
}

const lines: [LineNumber, "postgres" | "mongo"][] = [
  [6, "postgres"],
  [7, "mongo"],
];
for (const [line, store] of lines)
  scoreboardCheck([line], 15 * 60_000, async () => [await killUnderLoad(store, scaled(10, 2))]);
