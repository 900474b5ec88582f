import { expect } from "bun:test";
import type { Audit } from "./audit";
import { eventually } from "./eventually";
import { awaitStatus, type Customer, newCustomer, productInStock } from "./shop";
import type { Shoppers } from "./shoppers";
import { stack } from "./stack";

/** Kills a process with signal 9 and waits until the launcher has restarted it. */
export async function killAndAwaitRestart(process: string): Promise<void> {
  const before = await eventually(() => stack.pid(process), 30_000);
  await stack.kill(process);
  await eventually(() => stack.pid(process) !== undefined && stack.pid(process) !== before, 30_000);
}

/** How many orders are placed at the same time. */
const concurrency = 16;

/**
 * Places orders in as many portions as there are faults. Each fault is injected while its portion is being placed, and
 * the next portion starts after the system has recovered from it.
 * @param o.faults each injects a fault and resolves after the recovery
 * @returns the ids of all orders
 */
export async function placeOrdersDuringFaults(
  shoppers: Shoppers,
  o: { orders: number; faults: (() => Promise<void>)[] },
): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, injectFault] of o.faults.entries()) {
    const portion = Math.ceil((o.orders - ids.length) / (o.faults.length - index));
    // The fault comes at another moment in each portion.
    const faultAfter = 1 + ((index * 7) % (portion - 1));
    let recovery: Promise<void> | undefined;
    const placed = await shoppers.placeOrders(portion, concurrency, (count) => {
      if (count >= faultAfter) recovery ??= injectFault();
    });
    ids.push(...placed);
    await recovery;
  }
  return ids;
}

/** What a customer does with one order. `n` numbers the orders of all customers, so that a scenario can vary. */
export type Scenario = {
  /** @returns the order's id */
  play(customer: Customer, productId: string, n: number): Promise<string>;
  /** The status that the order must reach. */
  finalStatus(n: number): string;
};

const scenarioCount = 60;

/** Six customers play a scenario 60 times in total. A process is killed after 20 times. Then all orders are audited. */
export async function killDuring(process: string, audit: Audit, scenario: Scenario): Promise<void> {
  const customers = await Promise.all(Array.from({ length: 6 }, newCustomer));
  const { id: productId } = await productInStock();
  let restart: Promise<void> | undefined;
  let played = 0;
  const ids = await Promise.all(
    customers.map(async (customer, first) => {
      const orders: { id: string; n: number }[] = [];
      for (let n = first; n < scenarioCount; n += customers.length) {
        orders.push({ id: await scenario.play(customer, productId, n), n });
        if (++played >= scenarioCount / 3) restart ??= killAndAwaitRestart(process);
      }
      for (const { id, n } of orders) await awaitStatus(customer, id, [scenario.finalStatus(n)], 60_000);
      return orders.map(({ id }) => id);
    }),
  );
  await restart;
  await audit.expectConsistent(ids.flat());
  expect(await audit.productDifferences()).toEqual([]);
}
