import { afterAll } from "bun:test";
import { openBooks } from "../support/books";
import { killAndAwait } from "../support/kill";
import { newCrowd } from "../support/load";
import { scored, size } from "../support/score";

const books = openBooks();
afterAll(() => books.close());

const victims = ["order-0", "inventory-0", "payment-0", "notification-0", "user-0", "envoy"];
const orders = size(5_000);
const killsOfEach = size(20);

/** Orders in as many portions as there are kills; each is the background of one kill, somewhere in its middle. */
async function ordersWithKills(crowd: Awaited<ReturnType<typeof newCrowd>>): Promise<string[]> {
  const kills = killsOfEach * victims.length;
  const ids: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const portion = Math.ceil((orders - ids.length) / (kills - kill));
    const killAt = 1 + ((kill * 7) % (portion - 1));
    let killed: Promise<void> | undefined;
    const placed = await crowd.place(portion, 16, (done) => {
      if (done >= killAt) killed ??= killAndAwait(victims[kill % victims.length] as string);
    });
    ids.push(...placed);
    await killed;
  }
  return ids;
}

scored([1, 2, 3], 30 * 60_000, async () => {
  const crowd = await newCrowd();
  const before = await books.stock();
  const ids = await ordersWithKills(crowd);
  const { open, tookMs } = await books.sagasOpen(ids, 60_000);
  const problems = await books.problemsThatStay(ids);
  const twice = await books.unknownOrders(
    crowd.buyers.map((buyer) => buyer.id),
    ids,
  );
  const unsold = await books.soldProblems(before, ids);
  const lost = problems.filter((problem) => problem.endsWith(": lost")).length;
  const chargedTwice = problems.filter((problem) => /: charged \d+ times/.test(problem)).length;
  const kills = `${killsOfEach * victims.length} kills, ${new Set(ids).size} orders`;
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
