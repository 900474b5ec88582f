import { describe, expect, test } from "bun:test";
import { Type as t } from "@sinclair/typebox";
import { inSpan, startTelemetry } from "../telemetry/tracing";
import { type Catalogue, createMessage, type Message, messageValidator, schemaVersion } from "./envelope";

const catalogue = { "thing.made": { version: 3, to: [], data: t.Object({ size: t.Integer() }) } } satisfies Catalogue;
const of = { source: "factory", subject: "t1", sequence: 7, version: 3, now: new Date("2026-01-01T00:00:00Z") };

test("a message is a CloudEvent in the trace of the work that made it", async () => {
  await startTelemetry("test", undefined);
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const message = inSpan("work", { traceparent }, () =>
    createMessage({ type: "thing.made", data: { size: 1 }, sagaid: "s1" }, of),
  );
  expect(message).toMatchObject({
    specversion: "1.0",
    type: "thing.made",
    source: "/services/factory",
    subject: "t1",
    time: "2026-01-01T00:00:00.000Z",
    dataschema: "urn:shop:schema:thing.made:3",
    sequence: 7,
    sagaid: "s1",
    data: { size: 1 },
  });
  expect(message.traceparent).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
  expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(schemaVersion(message)).toBe(3);
});

test("without saga or trace it says nothing about them", () => {
  const message = JSON.parse(JSON.stringify(createMessage({ type: "thing.made", data: {} }, of)));
  expect(Object.keys(message)).not.toContain("sagaid");
  expect(Object.keys(message)).not.toContain("traceparent");
});

describe("a message is checked against the catalogue", () => {
  const check = messageValidator(catalogue);
  const wrongWith = (type: string, data: unknown) => check({ ...createMessage({ type, data }, of) } as Message);
  test("good data", () => {
    expect(wrongWith("thing.made", { size: 1 })).toBeUndefined();
    expect(wrongWith("thing.made", { size: 1, more: true })).toBeUndefined();
  });
  test("bad data", () => {
    expect(wrongWith("thing.made", { size: "1" })).toContain("/size");
    expect(wrongWith("thing.made", undefined)).toContain("thing.made");
  });
  test.each(["thing.lost", "constructor", "toString", "__proto__"])("the unknown type %s", (type) => {
    expect(wrongWith(type, {})).toBe(`unknown message type ${type}`);
  });
});
