import { afterAll } from "bun:test";
import { openAudit } from "../support/audit";
import { killAndAwaitRestart, placeOrdersDuringFaults } from "../support/kill";
import { scaled, scoreboardCheck } from "../support/score";
import { newShoppers } from "../support/shoppers";

const audit = openAudit();
afterAll(() => audit.close());

const processes = ["order-0", "inventory-0", "payment-0", "notification-0", "user-0", "envoy"];
const rounds = scaled(20);

scoreboardCheck([1, 2, 3], 30 * 60_000, async () => {
  const shoppers = await newShoppers();
  const stockBefore = await audit.readStock();
  const kills = Array.from({ length: rounds }, () =>
    processes.map((process) => () => killAndAwaitRestart(process)),
  ).flat();
  const ids = await placeOrdersDuringFaults(shoppers, { orders: scaled(5_000), faults: kills });
  const { unfinished, tookMs } = await audit.awaitSagaEnds(ids, 60_000);
  const differences = await audit.remainingDifferences(ids);
  const customerIds = shoppers.customers.map(({ id }) => id);
  const duplicates = await audit.unacknowledgedOrders(customerIds, ids);
  const sales = await audit.salesDifferences(stockBefore, ids);
  const lost = differences.filter((difference) => difference.endsWith(": lost")).length;
  const chargedTwice = differences.filter((difference) => /: charged \d+ times/.test(difference)).length;
  const load = `${kills.length} kills, ${new Set(ids).size} orders`;
  return [
    {
      figure: `${load}: ${lost} lost, ${chargedTwice} charged twice, ${duplicates.length} placed twice`,
      problems: [...differences, ...duplicates.map((id) => `${id}: placed a second time`)],
    },
    {
      figure: `${sales.length} of ${stockBefore.size} products differ`,
      problems: [...sales, ...(await audit.productDifferences())],
    },
    {
      figure: `${unfinished.length} unfinished; the last saga ended after ${(tookMs / 1000).toFixed(1)} s`,
      problems: unfinished,
    },
  ];
});
