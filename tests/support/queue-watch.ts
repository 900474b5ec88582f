import { createClient } from "redis";
import type { Message } from "../../services/_kit/messages";
import { stack } from "./stack";

export const queues = ["order", "payment", "inventory", "notification"] as const;

/** A message that came into a queue, and when, by Redis' own clock. */
export type Arrival = { queue: string; jobId: string; atMs: number; message: Message };
/** A job that a worker took. */
export type Taken = { queue: string; jobId: string };

/**
 * Reads what Redis notes itself about each queue while it happens: BullMQ's event streams, which keep only the last ten
 * thousand events.
 */
export async function watchQueues() {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const streams = queues.map((queue) => `bull:${queue}:events`);
  const last = new Map<string, string>();
  for (const stream of streams) {
    const newest = await redis.xRevRange(stream, "+", "-", { COUNT: 1 });
    last.set(stream, newest?.[0]?.id ?? "0");
  }
  const arrivals: Arrival[] = [];
  const taken: Taken[] = [];
  let over = false;

  async function read(): Promise<number> {
    const from = streams.map((key) => ({ key, id: last.get(key) as string }));
    const answer = (await redis.xRead(from, { COUNT: 2_000 })) as Stream[] | null;
    for (const { name, messages } of answer ?? []) await note(name, messages);
    return (answer ?? []).reduce((sum, { messages }) => sum + messages.length, 0);
  }

  async function note(stream: string, events: Stream["messages"]): Promise<void> {
    const queue = stream.split(":")[1] as string;
    last.set(stream, events.at(-1)?.id as string);
    const added = events.filter(({ message }) => message.event === "added");
    const bodies = await Promise.all(added.map(({ message }) => redis.hGet(`bull:${queue}:${message.jobId}`, "data")));
    added.forEach(({ id, message }, index) => {
      const body = bodies[index];
      if (!body) throw new Error(`job ${message.jobId} of ${queue} is gone already`);
      arrivals.push({ queue, jobId: String(message.jobId), atMs: Number.parseInt(id, 10), message: JSON.parse(body) });
    });
    for (const { message } of events)
      if (message.event === "active") taken.push({ queue, jobId: String(message.jobId) });
  }

  const reading = (async () => {
    while (!over) if ((await read()) === 0) await Bun.sleep(100);
  })();
  // Told by `stop`, which is where somebody waits for it.
  reading.catch(() => {});
  return {
    arrivals,
    taken,
    async stop() {
      over = true;
      await reading;
      while ((await read()) > 0);
      await redis.close();
    },
  };
}

type Stream = { name: string; messages: { id: string; message: Record<string, string> }[] };

/**
 * Of what one source says about one subject, what came into a queue after something that it said later, and what was taken
 * by a worker after it. What was sent again on purpose comes late by nature.
 */
export function inversions(arrivals: Arrival[], taken: Taken[]): string[] {
  const first = arrivals.filter(({ jobId, message }) => jobId === message.id);
  const byId = new Map(first.map((arrival) => [`${arrival.queue} ${arrival.jobId}`, arrival]));
  const orders: [string, Arrival[]][] = [
    ["came", first.toSorted((a, b) => a.atMs - b.atMs || a.message.sequence - b.message.sequence)],
    ...queues.map((queue): [string, Arrival[]] => [`came to ${queue}`, first.filter((it) => it.queue === queue)]),
    ...queues.map((queue): [string, Arrival[]] => [
      `was taken from ${queue}`,
      taken.flatMap((job) => (job.queue === queue ? (byId.get(`${queue} ${job.jobId}`) ?? []) : [])),
    ]),
  ];
  return orders.flatMap(([what, list]) => {
    const highest = new Map<string, number>();
    const seen = new Set<string>();
    return list.flatMap(({ queue, jobId, message }) => {
      // A job that failed is taken again; its first time counts.
      if (seen.has(`${queue} ${jobId}`)) return [];
      seen.add(`${queue} ${jobId}`);
      const about = `${message.source} ${message.subject}`;
      const before = highest.get(about) ?? 0;
      highest.set(about, Math.max(before, message.sequence));
      return message.sequence < before
        ? [`${message.subject}: ${message.type} (${message.sequence}) ${what} after ${before}`]
        : [];
    });
  });
}
