import { createClient } from "redis";
import { queueNames } from "../../services/_contracts/services";
import type { SentMessage } from "./audit/messages";
import { stack } from "./stack";

/** What happened to a job, and the time on the clock of Redis. */
export type QueueEvent = { kind: "added" | "active" | "completed"; queue: string; jobId: string; atMs: number };

export type QueueWatch = Awaited<ReturnType<typeof watchQueues>>;

const kinds = ["added", "active", "completed"];

/**
 * Records the events of all queues from now on, as BullMQ writes them to its event streams in Redis. They are read
 * continuously, because BullMQ keeps only about the last 10,000 events of a queue.
 */
export async function watchQueues() {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const streams = queueNames.map((queue) => `bull:${queue}:events`);
  const lastIds = new Map<string, string>();
  for (const stream of streams) {
    const newest = await redis.xRevRange(stream, "+", "-", { COUNT: 1 });
    lastIds.set(stream, newest?.[0]?.id ?? "0");
  }
  const events: QueueEvent[] = [];
  let stopped = false;

  async function read(): Promise<number> {
    const positions = streams.map((key) => ({ key, id: lastIds.get(key) as string }));
    const found = ((await redis.xRead(positions, { COUNT: 2_000 })) ?? []) as Stream[];
    for (const { name, messages } of found) {
      lastIds.set(name, messages.at(-1)?.id as string);
      events.push(...messages.flatMap((entry) => toEvent(name, entry) ?? []));
    }
    return found.reduce((sum, { messages }) => sum + messages.length, 0);
  }

  const reading = (async () => {
    while (!stopped) if ((await read()) === 0) await Bun.sleep(50);
  })();
  // `stop` awaits `reading` and throws its error; until then the rejection counts as handled.
  reading.catch(() => {});
  return {
    events: events as readonly QueueEvent[],
    async stop() {
      stopped = true;
      await reading;
      while ((await read()) > 0);
      await redis.close();
    },
  };
}

type Stream = { name: string; messages: StreamEntry[] };
/** The id of an entry begins with its time, ms since 1970. */
type StreamEntry = { id: string; message: Record<string, string> };

function toEvent(stream: string, { id, message }: StreamEntry): QueueEvent | undefined {
  if (!kinds.includes(message.event as string)) return undefined;
  return {
    kind: message.event as QueueEvent["kind"],
    queue: stream.split(":")[1] as string,
    jobId: message.jobId as string,
    atMs: Number.parseInt(id, 10),
  };
}

/**
 * Finds inversions: a message entered a queue, or was taken by a worker, after a later message of the same source about
 * the same subject. If a job enters or is taken more than once, its first time counts. A copy that was resent under
 * another job id is not a message of its own and is ignored.
 * @returns a line for each inversion
 */
export function findInversions(events: readonly QueueEvent[], messages: Map<string, SentMessage>): string[] {
  const first = new Map<string, QueueEvent>();
  for (const event of events) {
    const key = `${event.kind} ${event.queue} ${event.jobId}`;
    if (messages.has(event.jobId) && !first.has(key)) first.set(key, event);
  }
  const firstEvents = [...first.values()];
  const select = (kind: QueueEvent["kind"], queue?: string) =>
    firstEvents.filter((event) => event.kind === kind && (queue === undefined || event.queue === queue));
  const sequenceOf = ({ jobId }: QueueEvent) => messages.get(jobId)?.sequence ?? 0;
  const lists = [
    // Events of different queues can only be ordered by their time, which is in milliseconds.
    select("added").toSorted((a, b) => a.atMs - b.atMs || sequenceOf(a) - sequenceOf(b)),
    ...queueNames.flatMap((queue) => [select("added", queue), select("active", queue)]),
  ];
  return lists.flatMap((list) => inversionsIn(list, messages));
}

function inversionsIn(events: QueueEvent[], messages: Map<string, SentMessage>): string[] {
  const sequenceMax = new Map<string, number>();
  return events.flatMap(({ kind, queue, jobId }) => {
    const { source, subject, sequence, type } = messages.get(jobId) as SentMessage;
    const key = `${source} ${subject}`;
    const before = sequenceMax.get(key) ?? 0;
    sequenceMax.set(key, Math.max(before, sequence));
    return sequence < before ? [`${subject}: ${type} (${sequence}) ${kind} in ${queue} after ${before}`] : [];
  });
}
