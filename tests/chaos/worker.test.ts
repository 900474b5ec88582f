import { afterAll } from "bun:test";
import { createClient } from "redis";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { type Crowd, newCrowd } from "../support/load";
import { watchQueues } from "../support/queue-watch";
import { isFull, percentile, scored, size } from "../support/score";
import { stack } from "../support/stack";

const books = openBooks();
const redis = await createClient({ url: stack.adminUrls.redis }).connect();
afterAll(async () => {
  await redis.close();
  await books.close();
});

const services = ["inventory", "payment", "order"];

/** Kills a service in a moment in which it holds jobs. @returns how long each took to be done after that */
async function killAtWork(service: string, crowd: Crowd, watch: Watch): Promise<{ ids: string[]; tookMs: number[] }> {
  const active = () => redis.lRange(`bull:${service}:active`, 0, -1);
  const placing = crowd.place(40, 16);
  await eventually(async () => (await active()).length > 0, 30_000);
  const killedAt = Date.now();
  await stack.kill(`${service}-0`);
  // Its only worker is gone: what is active now, it held. Its successor takes longer to start than this question.
  const held = await active();
  const ids = await placing;
  const tookMs = await Promise.all(
    held.map(async (jobId) => {
      const done = await eventually(
        () => watch.events.find((it) => it.kind === "completed" && it.queue === service && it.jobId === jobId),
        60_000,
      );
      return done.atMs - killedAt;
    }),
  );
  return { ids, tookMs };
}

type Watch = Awaited<ReturnType<typeof watchQueues>>;

scored([4], 30 * 60_000, async () => {
  const crowd = await newCrowd();
  const watch = await watchQueues();
  const kills = size(30, 4);
  const ids: string[] = [];
  const tookMs: number[] = [];
  for (let kill = 0; kill < kills; ) {
    const service = services[kill % services.length] as string;
    const result = await killAtWork(service, crowd, watch);
    ids.push(...result.ids);
    // Between the question and the blow it may have finished what it had.
    if (result.tookMs.length > 0) kill++;
    tookMs.push(...result.tookMs);
  }
  await watch.stop();
  const { open } = await books.sagasOpen(ids, 60_000);
  const problems = [...open, ...(await books.problemsThatStay(ids))];
  const p99 = percentile(tookMs, 0.99);
  const limitMs = isFull ? 10_000 : 30_000;
  if (p99 > limitMs) problems.push(`p99 is ${p99} ms`);
  const figure = `p50 ${seconds(percentile(tookMs, 0.5))}, p99 ${seconds(p99)}, longest ${seconds(Math.max(...tookMs))}`;
  return [{ figure: `${kills} kills, ${tookMs.length} steps under way: ${figure}`, problems }];
});

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
