import { afterAll } from "bun:test";
import { createClient } from "redis";
import { redisAnswers } from "../../deploy/local/stores/redis";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { killAndAwait, ordersWith } from "../support/kill";
import { newCrowd } from "../support/load";
import { scored, size } from "../support/score";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

async function kill(): Promise<void> {
  await killAndAwait("redis");
  // It reads its log before it takes commands.
  await eventually(() => redisAnswers(stack.adminUrls.redis), 30_000);
}

/** All that was under way is gone, and no restart tells of it. */
async function flush(): Promise<void> {
  const admin = await createClient({ url: stack.adminUrls.redis }).connect();
  await admin.flushAll();
  await admin.close();
}

/** How many messages order and its participants have sent again because Redis lost them. */
async function sentAgain(): Promise<number> {
  const services = ["order", "payment", "inventory"] as const;
  const counts = await Promise.all(
    services.map(async (service) => {
      const text = await (await fetch(`http://127.0.0.1:${stack.ports[service]}/metrics`)).text();
      return Number(/^messages_resent_total (\d+)/m.exec(text)?.[1] ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

const kills = size(10, 2);

// Mails are in the audit: an order that nobody was told of is a problem.
scored([5], 20 * 60_000, async () => {
  const crowd = await newCrowd();
  const before = await sentAgain();
  const blows = [...Array.from({ length: kills }, () => kill), flush];
  const ids = await ordersWith(crowd, { orders: size(2_000), blows });
  const { open } = await books.sagasOpen(ids, 60_000);
  const problems = [...open, ...(await books.problemsThatStay(ids))];
  const stock = (await books.stockProblems()).map((row) => JSON.stringify(row));
  const again = (await sentAgain()) - before;
  const blind = again > 0 ? [] : ["no message was sent again: the loss went unnoticed"];
  return [
    {
      figure: `${kills} kills and a FLUSHALL, ${new Set(ids).size} orders: ${problems.length} problems, ${again} messages sent again`,
      problems: [...problems, ...stock, ...blind],
    },
  ];
});
