import { afterAll } from "bun:test";
import { openBooks } from "../support/audit";
import { killAndAwait, ordersWith } from "../support/kill";
import { newCrowd } from "../support/load";
import { scored, size } from "../support/score";

const books = openBooks();
afterAll(() => books.close());

const victims = ["order-0", "inventory-0", "payment-0", "notification-0", "user-0", "envoy"];
const rounds = size(20);

scored([1, 2, 3], 30 * 60_000, async () => {
  const crowd = await newCrowd();
  const before = await books.stock();
  const blows = Array.from({ length: rounds }, () => victims.map((victim) => () => killAndAwait(victim))).flat();
  const ids = await ordersWith(crowd, { orders: size(5_000), blows });
  const { open, tookMs } = await books.sagasOpen(ids, 60_000);
  const problems = await books.problemsThatStay(ids);
  const twice = await books.unknownOrders(
    crowd.buyers.map((buyer) => buyer.id),
    ids,
  );
  const unsold = await books.soldProblems(before, ids);
  const lost = problems.filter((problem) => problem.endsWith(": lost")).length;
  const chargedTwice = problems.filter((problem) => /: charged \d+ times/.test(problem)).length;
  const kills = `${blows.length} kills, ${new Set(ids).size} orders`;
  return [
    {
      figure: `${kills}: ${lost} lost, ${chargedTwice} charged twice, ${twice.length} placed twice`,
      problems: [...problems, ...twice.map((id) => `${id}: placed a second time`)],
    },
    {
      figure: `${unsold.length} of ${before.size} products off`,
      problems: [...unsold, ...(await books.stockProblems()).map((row) => JSON.stringify(row))],
    },
    { figure: `${open.length}; the last ended after ${(tookMs / 1000).toFixed(1)} s`, problems: open },
  ];
});
