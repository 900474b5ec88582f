import { describe, expect, test } from "bun:test";
import { messages } from "./messages";
import { stalePublications } from "./publish";
import { current, problemsWith, readPublished } from "./published";

const published = await readPublished();
const now = current();

test("what was published still holds: nobody deployed stumbles over the messages of today", () => {
  expect(problemsWith(now, published)).toEqual([]);
});

test("every version of every message is published, and written down as it is", async () => {
  for (const [type, { version }] of Object.entries(messages)) {
    const versions = published.filter((one) => one.type === type).map((one) => one.version);
    expect(`${type} ${versions}`).toBe(`${type} ${Array.from({ length: version }, (_, index) => index + 1)}`);
  }
  expect(await stalePublications()).toBeUndefined();
});

describe("planted in the messages of today:", () => {
  const with_ = (type: string, over: object) => now.map((one) => (one.type === type ? { ...one, ...over } : one));
  const dataOf = (type: string) => now.find((one) => one.type === type)?.schema as { required: string[] };

  test("a message that is gone", () => {
    const left = now.filter(({ type }) => type !== "inventory.release");
    expect(problemsWith(left, published)).toEqual(["inventory.release version 1: the message is gone"]);
  });
  test("a version that went back", () => {
    expect(problemsWith(with_("payment.void", { version: 1 }), published).join()).toContain(
      "payment.void version 2: was published",
    );
  });
  test("a field newly required: not in the same version, nor in a new one while the old is on its way", () => {
    const data = dataOf("order.confirmed");
    const schema = { ...data, required: [...data.required, "note"] };
    for (const version of [1, 2])
      expect(problemsWith(with_("order.confirmed", { schema, version }), published)).toEqual([
        "order.confirmed version 1: messages sent already are refused: /note is required and may be missing",
      ]);
  });
  test("a field that may be missing: in a new version alone", () => {
    const data = dataOf("order.confirmed");
    const schema = { ...data, required: data.required.filter((name) => name !== "total") };
    expect(problemsWith(with_("order.confirmed", { schema }), published)).toHaveLength(1);
    expect(problemsWith(with_("order.confirmed", { schema, version: 2 }), published)).toEqual([]);
  });
});
