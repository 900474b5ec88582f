import type { Counters } from "./counters";
import { type Load, load } from "./load";
import { type BenchShop, orderBody } from "./shop";

export type Outcome = Load & { orders?: number; sagasPerSecond?: number };
export type Scenario = { name: string; run: (shop: BenchShop, counters: Counters) => Promise<Outcome> };

const connections = 32;
const seconds = 8;
const json = (token: string) => ({ "content-type": "application/json", authorization: `Bearer ${token}` });

export const scenarios: Scenario[] = [
  {
    name: "product read",
    run: ({ api, productIds }) => load({ url: `${api}/products/${productIds[0]}`, connections, duration: seconds }),
  },
  {
    name: "order list",
    run: async (shop) => {
      const { sub } = JSON.parse(Buffer.from(shop.token.split(".")[1] ?? "", "base64url").toString());
      return load({ url: `${shop.api}/orders/user/${sub}`, headers: json(shop.token), connections, duration: seconds });
    },
  },
  { name: "order accepted → confirmed", run: placeAndSettle },
];

/**
 * Places orders in a closed loop and waits until every saga is at an end. Sagas per second counts from the first request
 * to the last confirmation, so a backlog that piles up is paid for.
 */
async function placeAndSettle(shop: BenchShop, { orders }: Counters): Promise<Outcome> {
  const amount = Number(process.env.BENCH_ORDERS ?? 2_000);
  const began = new Date();
  const started = performance.now();
  const accepted = await spread(shop, amount);
  // Orders that have nothing left to do are not in this index, so asking costs next to nothing.
  while ((await orders.countDocuments({ wakeAt: { $exists: true } }, { hint: "due_with_status" })) > 0) {
    if (performance.now() - started > 180_000) throw new Error("orders did not settle within three minutes");
    await Bun.sleep(250);
  }
  const confirmed = await orders
    .find(
      { createdAt: { $gte: began }, status: "confirmed" },
      { projection: { confirmedAt: { $last: "$history.time" } } },
    )
    .toArray();
  const lastMs = Math.max(...confirmed.map((order) => Date.parse(order.confirmedAt)));
  const errors = accepted.errors + (accepted.requests - accepted.errors - confirmed.length);
  return {
    ...accepted,
    errors,
    orders: confirmed.length,
    sagasPerSecond: (confirmed.length * 1000) / (lastMs - began.getTime()),
  };
}

/** The orders go over all products, as customers' do; one connection group for each. */
async function spread(shop: BenchShop, amount: number): Promise<Load> {
  const groups = shop.productIds.slice(0, 8);
  const runs = await Promise.all(
    groups.map((productId) =>
      load({
        url: `${shop.api}/orders`,
        method: "POST",
        headers: json(shop.token),
        body: orderBody(productId),
        connections: connections / groups.length,
        amount: Math.floor(amount / groups.length),
      }),
    ),
  );
  const sum = (of: (run: Load) => number) => runs.reduce((total, run) => total + of(run), 0);
  const worst = (of: (run: Load) => number) => Math.max(...runs.map(of));
  return {
    perSecond: sum((run) => run.perSecond),
    p50Ms: worst((run) => run.p50Ms),
    p95Ms: worst((run) => run.p95Ms),
    p99Ms: worst((run) => run.p99Ms),
    errors: sum((run) => run.errors),
    requests: sum((run) => run.requests),
  };
}
