import { Type as t } from "@sinclair/typebox";
import { type Job, Queue } from "bullmq";
import type { Catalogue, Message } from "../messaging/envelope";
import { bullConnection } from "../stores/redis";
import { testMessage } from "./message";

/** A catalogue for one test, with two queues that no other test uses. */
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

/** A message of `testCatalogue`. `n` is its data and its sequence; anything but an integer does not match the schema. */
export const aMessage = (type: string, subject = "s1", n: unknown = 1): Message =>
  testMessage(type, { n }, { subject, sequence: typeof n === "number" ? n : 0 });

export type TestQueue = {
  queue: Queue<Message>;
  /** The waiting jobs, oldest first. */
  waiting(): Promise<Job<Message>[]>;
  close(): Promise<void>;
};

/** Reads a queue without consuming it. `close` also deletes the queue. */
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
