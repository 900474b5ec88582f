import type { Counters } from "./counters";
import { type LoadResult, runLoad } from "./load";
import { type BenchShop, orderBody } from "./shop";

/** `orders` counts confirmed orders. */
export type ScenarioResult = LoadResult & { orders?: number; sagasPerSecond?: number };
export type Scenario = { name: string; run: (shop: BenchShop, counters: Counters) => Promise<ScenarioResult> };

const connections = 32;
const durationSeconds = 8;
const jsonHeaders = (token: string) => ({ "content-type": "application/json", authorization: `Bearer ${token}` });

export const scenarios: Scenario[] = [
  {
    name: "product read",
    run: ({ api, productIds }) =>
      runLoad({ url: `${api}/products/${productIds[0]}`, connections, duration: durationSeconds }),
  },
  {
    name: "order list",
    run: async (shop) => {
      const { sub } = JSON.parse(Buffer.from(shop.token.split(".")[1] ?? "", "base64url").toString());
      return runLoad({
        url: `${shop.api}/orders/user/${sub}`,
        headers: jsonHeaders(shop.token),
        connections,
        duration: durationSeconds,
      });
    },
  },
  { name: "order accepted → confirmed", run: placeAndSettle },
];

/**
 * Places orders in a closed loop and waits until all sagas have ended. `sagasPerSecond` is the number of confirmed
 * orders divided by the time from the first request to the last confirmation, the work on the backlog included.
 */
async function placeAndSettle(shop: BenchShop, { orders }: Counters): Promise<ScenarioResult> {
  const amount = Number(process.env.BENCH_ORDERS ?? 2_000);
  const startedAt = new Date();
  const accepted = await placeOrders(shop, amount);
  // This index contains only orders with a saga under way or unsent messages, so the query hardly affects the result.
  while ((await orders.countDocuments({ wakeAt: { $exists: true } }, { hint: "due_with_status" })) > 0) {
    if (Date.now() - startedAt.getTime() > 180_000) throw new Error("orders did not settle within three minutes");
    await Bun.sleep(250);
  }
  const confirmed = await orders
    .find({ createdAt: { $gte: startedAt }, status: "confirmed" })
    .project<{ confirmedAt: string }>({ confirmedAt: { $last: "$history.time" } })
    .toArray();
  const lastConfirmedMs = Math.max(...confirmed.map((order) => Date.parse(order.confirmedAt)));
  return {
    ...accepted,
    // An order that is not confirmed counts as an error.
    errors: accepted.requests - confirmed.length,
    orders: confirmed.length,
    sagasPerSecond: (confirmed.length * 1000) / (lastConfirmedMs - startedAt.getTime()),
  };
}

/** Spreads the orders over several products, each with its own connections, as orders of real customers would be. */
async function placeOrders(shop: BenchShop, amount: number): Promise<LoadResult> {
  const productIds = shop.productIds.slice(0, 8);
  const runs = await Promise.all(
    productIds.map((productId) =>
      runLoad({
        url: `${shop.api}/orders`,
        method: "POST",
        headers: jsonHeaders(shop.token),
        body: orderBody(productId),
        connections: connections / productIds.length,
        amount: Math.floor(amount / productIds.length),
      }),
    ),
  );
  const sum = (select: (run: LoadResult) => number) => runs.reduce((total, run) => total + select(run), 0);
  const max = (select: (run: LoadResult) => number) => Math.max(...runs.map(select));
  return {
    perSecond: sum((run) => run.perSecond),
    // The percentile of all requests is at most the highest one of the runs.
    p50Ms: max((run) => run.p50Ms),
    p95Ms: max((run) => run.p95Ms),
    p99Ms: max((run) => run.p99Ms),
    errors: sum((run) => run.errors),
    requests: sum((run) => run.requests),
  };
}
