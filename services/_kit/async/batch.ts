import { isStoreOutage } from "../errors/store-outage";

/**
 * Does together what is asked for at the same time: while as many runs as allowed are under way, requests gather and
 * share the next one. With nothing under way a request runs at once, alone, so grouping costs no waiting.
 * A group that fails is done again one by one, so that a bad request fails alone; unless the store is away, which each of
 * them would only wait for.
 * @param o.run returns one result for each item, in their order
 */
export function batched<I, O>(o: {
  run: (items: I[]) => Promise<O[]>;
  maxSize: number;
  maxConcurrent: number;
}): (item: I) => Promise<O> {
  type Waiting = { item: I; done: (result: O) => void; failed: (error: unknown) => void };
  let waiting: Waiting[] = [];
  let running = 0;

  async function runGroup(group: Waiting[]): Promise<void> {
    try {
      const results = await o.run(group.map(({ item }) => item));
      group.forEach(({ done }, index) => {
        done(results[index] as O);
      });
    } catch (error) {
      const [only] = group;
      if (group.length === 1) only?.failed(error);
      else if (isStoreOutage(error)) for (const one of group) one.failed(error);
      else for (const one of group) await runGroup([one]);
    }
  }

  function start(): void {
    while (running < o.maxConcurrent && waiting.length > 0) {
      const group = waiting.slice(0, o.maxSize);
      waiting = waiting.slice(o.maxSize);
      running++;
      void runGroup(group).finally(() => {
        running--;
        start();
      });
    }
  }

  return (item) =>
    new Promise((done, failed) => {
      waiting.push({ item, done, failed });
      start();
    });
}
