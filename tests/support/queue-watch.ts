import { createClient } from "redis";
import { queueNames } from "../../services/_contracts/services";
import { stack } from "./stack";

/** Something that happened to a job, when by Redis' own clock. */
export type QueueEvent = { kind: "added" | "active" | "completed"; queue: string; jobId: string; atMs: number };
/** What can be asked of a message after the fact. */
export type Said = { source: string; subject: string; sequence: number; type: string; time: string };

const kinds = ["added", "active", "completed"];

/**
 * Reads what Redis notes itself about each queue while it happens: BullMQ's event streams, which keep only the last ten
 * thousand events of a queue.
 */
export async function watchQueues() {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const streams = queueNames.map((queue) => `bull:${queue}:events`);
  const last = new Map<string, string>();
  for (const stream of streams) {
    const newest = await redis.xRevRange(stream, "+", "-", { COUNT: 1 });
    last.set(stream, newest?.[0]?.id ?? "0");
  }
  const events: QueueEvent[] = [];
  let over = false;

  async function read(): Promise<number> {
    const from = streams.map((key) => ({ key, id: last.get(key) as string }));
    const answer = ((await redis.xRead(from, { COUNT: 2_000 })) ?? []) as Stream[];
    for (const { name, messages } of answer) {
      last.set(name, messages.at(-1)?.id as string);
      for (const { id, message } of messages)
        if (kinds.includes(message.event as string))
          events.push({
            kind: message.event as QueueEvent["kind"],
            queue: name.split(":")[1] as string,
            jobId: message.jobId as string,
            atMs: Number.parseInt(id, 10),
          });
    }
    return answer.reduce((sum, { messages }) => sum + messages.length, 0);
  }

  const reading = (async () => {
    while (!over) if ((await read()) === 0) await Bun.sleep(50);
  })();
  // Told by `stop`, which is where somebody waits for it.
  reading.catch(() => {});
  return {
    events: events as readonly QueueEvent[],
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
 * Of what one source says about one subject: what came into a queue, or was taken by a worker, after something that was said
 * later. Of a job that comes or is taken again its first time counts; what is sent again under another id is no message of its own.
 */
export function inversions(events: readonly QueueEvent[], said: Map<string, Said>): string[] {
  const first = new Map<string, QueueEvent>();
  for (const event of events) {
    const key = `${event.kind} ${event.queue} ${event.jobId}`;
    if (said.has(event.jobId) && !first.has(key)) first.set(key, event);
  }
  const all = [...first.values()];
  const of = (kind: QueueEvent["kind"], queue?: string) =>
    all.filter((event) => event.kind === kind && (queue === undefined || event.queue === queue));
  const sequenceOf = ({ jobId }: QueueEvent) => said.get(jobId)?.sequence ?? 0;
  const lists = [
    // Over all queues only the milliseconds can be compared.
    of("added").toSorted((a, b) => a.atMs - b.atMs || sequenceOf(a) - sequenceOf(b)),
    ...queueNames.flatMap((queue) => [of("added", queue), of("active", queue)]),
  ];
  return lists.flatMap((list) => {
    const highest = new Map<string, number>();
    return list.flatMap(({ kind, queue, jobId }) => {
      const { source, subject, sequence, type } = said.get(jobId) as Said;
      const before = highest.get(`${source} ${subject}`) ?? 0;
      highest.set(`${source} ${subject}`, Math.max(before, sequence));
      return sequence < before ? [`${subject}: ${type} (${sequence}) ${kind} in ${queue} after ${before}`] : [];
    });
  });
}
