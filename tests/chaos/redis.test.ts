import { afterAll } from "bun:test";
import { createClient } from "redis";
import { redisAnswers } from "../../deploy/local/stores/redis";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { killAndAwaitRestart, placeOrdersDuringFaults } from "../support/kill";
import { scaled, scoreboardCheck } from "../support/score";
import { newShoppers } from "../support/shoppers";
import { stack } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

async function killRedis(): Promise<void> {
  await killAndAwaitRestart("redis");
  // Redis loads its append-only file before it accepts commands.
  await eventually(() => redisAnswers(stack.adminUrls.redis), 30_000);
}

/** Deletes every queue. No connection breaks, so the services see no restart. */
async function flushRedis(): Promise<void> {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  await redis.flushAll();
  await redis.close();
}

/** @returns how many messages order, payment and inventory have resent because Redis may have lost them */
async function countResent(): Promise<number> {
  const services = ["order", "payment", "inventory"] as const;
  const counts = await Promise.all(
    services.map(async (service) => {
      const metrics = await (await fetch(`http://127.0.0.1:${stack.ports[service]}/metrics`)).text();
      return Number(/^messages_resent_total (\d+)/m.exec(metrics)?.[1] ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

const kills = scaled(10, 2);

scoreboardCheck([5], 20 * 60_000, async () => {
  const shoppers = await newShoppers();
  const resentBefore = await countResent();
  const faults = [...Array.from({ length: kills }, () => killRedis), flushRedis];
  const ids = await placeOrdersDuringFaults(shoppers, { orders: scaled(2_000), faults });
  const { unfinished } = await audit.awaitSagaEnds(ids, 60_000);
  // The audit includes the mails: a lost notification is a difference.
  const differences = [...unfinished, ...(await audit.remainingDifferences(ids))];
  const products = await audit.productDifferences();
  const resent = (await countResent()) - resentBefore;
  const undetected = resent > 0 ? [] : ["no message was resent: the loss was not detected"];
  const load = `${kills} kills and a FLUSHALL, ${new Set(ids).size} orders`;
  return [
    {
      figure: `${load}: ${differences.length} lost, ${resent} messages resent`,
      problems: [...differences, ...products, ...undetected],
    },
  ];
});
