import { describe, expect, test } from "bun:test";
import { Type as t } from "@sinclair/typebox";
import { type Catalogue, createMessage, type Message, messageValidator, schemaVersion } from "./envelope";

const catalogue = { "thing.made": { version: 3, to: [], data: t.Object({ size: t.Integer() }) } } satisfies Catalogue;
const context = {
  source: "factory",
  subject: "t1",
  sequence: 7,
  version: 3,
  now: new Date("2026-01-01T00:00:00Z"),
  traceparent: undefined,
};

test("a message is a CloudEvent in the trace of the work that created it", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const message = createMessage({ type: "thing.made", data: { size: 1 }, sagaid: "s1" }, { ...context, traceparent });
  expect(message).toMatchObject({
    specversion: "1.0",
    type: "thing.made",
    source: "/services/factory",
    subject: "t1",
    time: "2026-01-01T00:00:00.000Z",
    dataschema: "urn:shop:schema:thing.made:3",
    sequence: 7,
    sagaid: "s1",
    traceparent,
    data: { size: 1 },
  });
  expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(schemaVersion(message)).toBe(3);
});

test("a message without saga or trace has no such fields", () => {
  const message = JSON.parse(JSON.stringify(createMessage({ type: "thing.made", data: {} }, context)));
  expect(Object.keys(message)).not.toContain("sagaid");
  expect(Object.keys(message)).not.toContain("traceparent");
});

describe("validation against the catalogue", () => {
  const validate = messageValidator(catalogue);
  const problemWith = (type: string, data: unknown) =>
    validate({ ...createMessage({ type, data }, context) } as Message);
  test("accepts valid data, with unknown fields too", () => {
    expect(problemWith("thing.made", { size: 1 })).toBeUndefined();
    expect(problemWith("thing.made", { size: 1, more: true })).toBeUndefined();
  });
  test("describes the first problem of invalid data", () => {
    expect(problemWith("thing.made", { size: "1" })).toContain("/size");
    expect(problemWith("thing.made", undefined)).toContain("thing.made");
  });
  test.each(["thing.lost", "constructor", "toString", "__proto__"])("rejects the unknown type %s", (type) => {
    expect(problemWith(type, {})).toBe(`unknown message type ${type}`);
  });
});
