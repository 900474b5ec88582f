import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { aMessage } from "../testing/queue";
import { nextBatch } from "./next-batch";

/** "s1:a" is a message about subject s1 for queue a; "s1:ab" goes to both queues, "s1:" to none. */
const waiting = (...items: string[]) =>
  items.map((item, index) => {
    const [subject, type] = item.split(":") as [string, string];
    return { item, message: aMessage(type, subject, index) };
  });
const split = (items: string[], maxSize = 100) => {
  const { batch, later } = nextBatch(waiting(...items), (type) => type, maxSize);
  return { batch: batch.map(({ item }) => item), later: later.map(({ item }) => item) };
};

describe("the next batch", () => {
  test("takes messages of different subjects for different queues together", () => {
    expect(split(["s1:a", "s2:b", "s3:ab", "s4:"])).toEqual({ batch: ["s1:a", "s2:b", "s3:ab", "s4:"], later: [] });
  });
  test("takes all messages of a subject that go to the same queues", () => {
    expect(split(["s1:ab", "s1:ab", "s1:ab"]).later).toEqual([]);
  });
  test("ends, for one subject, before the subject's first message to another queue", () => {
    expect(split(["s1:a", "s1:b", "s1:a", "s2:b"])).toEqual({ batch: ["s1:a", "s2:b"], later: ["s1:b", "s1:a"] });
  });
  test("treats the same queues plus one more as another target", () => {
    expect(split(["s1:a", "s1:ab"]).later).toEqual(["s1:ab"]);
  });
  test("has at most maxSize messages", () => {
    expect(split(["s1:a", "s2:a", "s3:a", "s1:a"], 2)).toEqual({ batch: ["s1:a", "s2:a"], later: ["s3:a", "s1:a"] });
  });
  test("of nothing is empty", () => {
    expect(split([])).toEqual({ batch: [], later: [] });
  });
});

test("every message is sent once, each subject's messages in order, and a batch has one target per subject", () => {
  const anItem = fc
    .tuple(fc.constantFrom("s1", "s2", "s3"), fc.constantFrom("", "a", "b", "ab"))
    .map(([subject, type]) => `${subject}:${type}`);
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (items, maxSize) => {
      let left = waiting(...items);
      const sent: typeof left = [];
      while (left.length > 0) {
        const { batch, later } = nextBatch(left, (type) => type, maxSize);
        expect(batch.length).toBeWithin(1, maxSize + 1);
        const targets = new Map(batch.map(({ message }) => [message.subject, message.type]));
        for (const { message } of batch) expect(message.type).toBe(targets.get(message.subject) as string);
        sent.push(...batch);
        left = later;
      }
      for (const subject of ["s1", "s2", "s3"]) {
        const isAbout = (item: string) => item.startsWith(subject);
        const order = sent.filter(({ item }) => isAbout(item)).map(({ message }) => message.sequence);
        expect(order).toEqual([...items.keys()].filter((index) => isAbout(items[index] as string)));
      }
    }),
  );
});
