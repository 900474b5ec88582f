import { Type as t } from "@sinclair/typebox";
import { type Job, Queue } from "bullmq";
import type { Catalogue, Message } from "../messaging/envelope";
import { bullConnection } from "../stores/redis";

/** A published language of a test's own: queues nobody else uses. */
export function testCatalogue() {
  const a = `a_${crypto.randomUUID().slice(0, 8)}`;
  const b = `b_${crypto.randomUUID().slice(0, 8)}`;
  const data = t.Object({ n: t.Integer() });
  return {
    a,
    b,
    catalogue: {
      "to.a": { version: 1, to: [a], data },
      "to.b": { version: 1, to: [b], data },
      "to.both": { version: 1, to: [a, b], data },
      "to.nobody": { version: 1, to: [], data },
    } satisfies Catalogue,
  };
}

export type TestType = "to.a" | "to.b" | "to.both" | "to.nobody";

export const aMessage = (type: string, subject = "s1", n: unknown = 1): Message => ({
  specversion: "1.0",
  id: Bun.randomUUIDv7(),
  type,
  source: "/services/test",
  subject,
  time: new Date().toISOString(),
  dataschema: `urn:shop:schema:${type}:1`,
  sequence: typeof n === "number" ? n : 0,
  data: { n },
});

export type TestQueue = {
  queue: Queue<Message>;
  /** Jobs that wait, oldest first. */
  waiting(): Promise<Job<Message>[]>;
  close(): Promise<void>;
};

/** A look into a queue. `close` also empties it. */
export function testQueue(name: string, redisUrl: string): TestQueue {
  const queue = new Queue<Message>(name, { connection: { ...bullConnection(redisUrl), maxRetriesPerRequest: 1 } });
  queue.on("error", () => {});
  return {
    queue,
    waiting: () => queue.getJobs(["wait"], 0, -1, true),
    async close() {
      await queue.obliterate({ force: true }).catch(() => {});
      await queue.close();
    },
  };
}
