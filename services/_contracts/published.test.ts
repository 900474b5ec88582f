import { describe, expect, test } from "bun:test";
import { messages } from "./messages";
import { stalePublications } from "./publish";
import { currentSchemas, findBreakingChanges, readPublished } from "./published";

const published = await readPublished();
const current = currentSchemas();

test("the current messages are compatible with all published ones", () => {
  expect(findBreakingChanges(current, published)).toEqual([]);
});

test("every version of every message is published, and the published files are up to date", async () => {
  for (const [type, { version }] of Object.entries(messages)) {
    const versions = published.filter((one) => one.type === type).map((one) => one.version);
    expect(`${type} ${versions}`).toBe(`${type} ${Array.from({ length: version }, (_, index) => index + 1)}`);
  }
  expect(await stalePublications()).toBeUndefined();
});

describe("a breaking change of the current messages is found:", () => {
  const replaced = (type: string, over: object) =>
    current.map((one) => (one.type === type ? { ...one, ...over } : one));
  const schemaOf = (type: string) => current.find((one) => one.type === type)?.schema as { required: string[] };

  test("a removed message", () => {
    const rest = current.filter(({ type }) => type !== "inventory.release");
    expect(findBreakingChanges(rest, published)).toEqual(["inventory.release version 1: the message was removed"]);
  });
  test("a lower version", () => {
    expect(findBreakingChanges(replaced("payment.void", { version: 1 }), published).join()).toContain(
      "payment.void version 2: was published",
    );
  });
  test("a new required field, in the same version or a new one", () => {
    const before = schemaOf("order.confirmed");
    const schema = { ...before, required: [...before.required, "note"] };
    for (const version of [1, 2])
      expect(findBreakingChanges(replaced("order.confirmed", { schema, version }), published)).toEqual([
        "order.confirmed version 1: messages already sent are rejected: /note is required and may be missing",
      ]);
  });
  test("a required field made optional in the same version, but not in a new one", () => {
    const before = schemaOf("order.confirmed");
    const schema = { ...before, required: before.required.filter((name) => name !== "total") };
    expect(findBreakingChanges(replaced("order.confirmed", { schema }), published)).toHaveLength(1);
    expect(findBreakingChanges(replaced("order.confirmed", { schema, version: 2 }), published)).toEqual([]);
  });
});
