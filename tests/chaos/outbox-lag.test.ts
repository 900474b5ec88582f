import { afterAll } from "bun:test";
import { messages } from "../../services/_contracts/messages";
import { openBooks } from "../support/audit";
import { inversions, type QueueEvent, type Said, watchQueues } from "../support/queue-watch";
import { isFull, percentile, scored, size } from "../support/score";
import { type Customer, newCustomer, type Product, placeOrder, products } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

const perSecond = 60;

/** Orders at a fixed rate, whether or not those before are answered. */
async function placeSteadily(buyers: Customer[], goods: Product[], seconds: number): Promise<string[]> {
  const started = performance.now();
  const answers: Promise<string>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    await Bun.sleep(Math.max(0, started + (n * 1000) / perSecond - performance.now()));
    const buyer = buyers[n % buyers.length] as Customer;
    const productId = (goods[n % goods.length] as Product).id;
    answers.push(
      placeOrder(buyer, [{ productId, quantity: 1 }]).then(({ status, body }) => {
        if (status !== 201) throw new Error(`POST /orders answered ${status} ${body.code}`);
        return body.id;
      }),
    );
  }
  return await Promise.all(answers);
}

/** Every queue that a message was to come to, and did not. */
function neverCame(said: Map<string, Said>, events: readonly QueueEvent[]): string[] {
  const came = new Set(events.flatMap(({ kind, queue, jobId }) => (kind === "added" ? [`${queue} ${jobId}`] : [])));
  return [...said].flatMap(([id, { type, subject }]) =>
    (messages[type as keyof typeof messages]?.to ?? []).flatMap((queue) =>
      came.has(`${queue} ${id}`) ? [] : [`${subject}: ${type} never came to ${queue}`],
    ),
  );
}

scored([15], 5 * 60_000, async () => {
  const buyers = await Promise.all(Array.from({ length: 8 }, newCustomer));
  const goods = (await products()).filter((product) => product.available > 1000);
  await placeSteadily(buyers, goods, 2); // warms up
  const watch = await watchQueues();
  const ids = await placeSteadily(buyers, goods, size(60, 10));
  const { open } = await books.sagasOpen(ids, 60_000);
  const unsettled = await books.problemsThatStay(ids);
  await watch.stop();

  const said = await books.messagesOf(ids);
  // From before its commit, when it got its time, until Redis had it: the commit itself is in the figure.
  const lags = watch.events.flatMap(({ kind, jobId, atMs }) => {
    const message = kind === "added" && said.get(jobId);
    return message ? [atMs - Date.parse(message.time)] : [];
  });
  const turned = inversions(watch.events, said);
  const p99 = percentile(lags, 0.99);
  const problems = [...open, ...unsettled, ...turned, ...neverCame(said, watch.events)];
  // A short run on a busy machine says nothing about time.
  if (isFull && p99 > 500) problems.push(`p99 is ${p99} ms`);
  const figure = `p50 ${percentile(lags, 0.5)} ms, p99 ${p99} ms of ${lags.length} messages, ${turned.length} inversions`;
  return [{ figure: `${ids.length} orders: ${figure}`, problems }];
});
