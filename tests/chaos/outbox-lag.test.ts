import { afterAll } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import type { Product } from "../../deploy/local/clients/shop-api";
import { messages } from "../../services/_contracts/messages";
import { openAudit } from "../support/audit";
import type { SentMessage } from "../support/audit/messages";
import { findInversions, type QueueEvent, watchQueues } from "../support/queue-watch";
import { isFullSize, percentile, scaled, scoreboardCheck } from "../support/score";
import { type Customer, newCustomer, placeOrder, productsInStock } from "../support/shop";

const audit = openAudit();
afterAll(() => audit.close());

const ordersPerSecond = 60;

/** Places orders at a fixed rate, whether or not earlier ones are answered. */
async function placeAtFixedRate(customers: Customer[], products: Product[], seconds: number): Promise<string[]> {
  const started = performance.now();
  const ids: Promise<string>[] = [];
  for (let n = 0; n < ordersPerSecond * seconds; n++) {
    await Bun.sleep(Math.max(0, started + (n * 1000) / ordersPerSecond - performance.now()));
    const customer = customers[n % customers.length] as Customer;
    const { id: productId } = products[n % products.length] as Product;
    const placing = placeOrder(customer, [{ productId, quantity: 1 }]);
    ids.push(placing.then((response) => expectStatus(response, 201).id));
  }
  return await Promise.all(ids);
}

/** @returns a line for each message and each of its queues that the message did not reach */
function missingMessages(sent: Map<string, SentMessage>, events: readonly QueueEvent[]): string[] {
  const added = events.filter(({ kind }) => kind === "added").map(({ queue, jobId }) => `${queue} ${jobId}`);
  const reached = new Set(added);
  return [...sent].flatMap(([id, { type, subject }]) =>
    (messages[type as keyof typeof messages]?.to ?? []).flatMap((queue) =>
      reached.has(`${queue} ${id}`) ? [] : [`${subject}: ${type} did not reach ${queue}`],
    ),
  );
}

scoreboardCheck([15], 5 * 60_000, async () => {
  const customers = await Promise.all(Array.from({ length: 8 }, newCustomer));
  const products = await productsInStock();
  const warmUpSeconds = 2;
  await placeAtFixedRate(customers, products, warmUpSeconds);
  const watch = await watchQueues();
  const ids = await placeAtFixedRate(customers, products, scaled(60, 10));
  const { unfinished } = await audit.awaitSagaEnds(ids, 60_000);
  const differences = await audit.remainingDifferences(ids);
  await watch.stop();

  const sent = await audit.loadMessages(ids);
  // A message gets its time before its commit, so the lag includes the commit.
  const lagsMs = watch.events.flatMap(({ kind, jobId, atMs }) => {
    const message = kind === "added" && sent.get(jobId);
    return message ? [atMs - Date.parse(message.time)] : [];
  });
  const inversions = findInversions(watch.events, sent);
  const p99 = percentile(lagsMs, 0.99);
  const problems = [...unfinished, ...differences, ...inversions, ...missingMessages(sent, watch.events)];
  // The times of a short run on a busy machine mean nothing, so only the full size has a limit.
  if (isFullSize && p99 > 500) problems.push(`p99 is ${p99} ms`);
  const lag = `p50 ${percentile(lagsMs, 0.5)} ms, p99 ${p99} ms of ${lagsMs.length} messages`;
  return [{ figure: `${ids.length} orders: ${lag}, ${inversions.length} inversions`, problems }];
});
