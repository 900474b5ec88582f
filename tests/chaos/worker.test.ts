import { afterAll } from "bun:test";
import { createClient } from "redis";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { type QueueWatch, watchQueues } from "../support/queue-watch";
import { isFullSize, percentile, scaled, scoreboardCheck } from "../support/score";
import { newShoppers, type Shoppers } from "../support/shoppers";
import { stack } from "../support/stack";

const audit = openAudit();
const redis = await createClient({ url: stack.adminUrls.redis }).connect();
afterAll(async () => {
  await redis.close();
  await audit.close();
});

const services = ["inventory", "payment", "order"];

/**
 * Kills a service while it processes jobs.
 * @returns the orders placed meanwhile, and for each interrupted job the time from the kill until it is completed
 */
async function killAtWork(
  service: string,
  shoppers: Shoppers,
  watch: QueueWatch,
): Promise<{ ids: string[]; tookMs: number[] }> {
  const activeJobs = () => redis.lRange(`bull:${service}:active`, 0, -1);
  const placing = shoppers.placeOrders(40, 16);
  await eventually(async () => (await activeJobs()).length > 0, 30_000);
  const killedAt = Date.now();
  await stack.kill(`${service}-0`);
  // The killed process was the only worker, and its successor takes longer to start than this query takes. Therefore
  // all these jobs were interrupted by the kill.
  const interrupted = await activeJobs();
  const ids = await placing;
  const tookMs = await Promise.all(
    interrupted.map(async (jobId) => {
      const completed = await eventually(
        () =>
          watch.events.find((event) => event.kind === "completed" && event.queue === service && event.jobId === jobId),
        60_000,
      );
      return completed.atMs - killedAt;
    }),
  );
  return { ids, tookMs };
}

scoreboardCheck([4], 30 * 60_000, async () => {
  const shoppers = await newShoppers();
  const watch = await watchQueues();
  const kills = scaled(30, 4);
  const ids: string[] = [];
  const tookMs: number[] = [];
  for (let kill = 0; kill < kills; ) {
    const service = services[kill % services.length] as string;
    const result = await killAtWork(service, shoppers, watch);
    ids.push(...result.ids);
    // A kill counts only if it interrupted a job: the worker may have completed its jobs before the signal arrived.
    if (result.tookMs.length > 0) kill++;
    tookMs.push(...result.tookMs);
  }
  await watch.stop();
  const { unfinished } = await audit.awaitSagaEnds(ids, 60_000);
  const problems = [...unfinished, ...(await audit.remainingDifferences(ids))];
  const p99 = percentile(tookMs, 0.99);
  const limitMs = isFullSize ? 10_000 : 30_000;
  if (p99 > limitMs) problems.push(`p99 is ${p99} ms`);
  const times = `p50 ${inSeconds(percentile(tookMs, 0.5))}, p99 ${inSeconds(p99)}, maximum ${inSeconds(Math.max(...tookMs))}`;
  return [{ figure: `${kills} kills, ${tookMs.length} steps interrupted: ${times}`, problems }];
});

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
