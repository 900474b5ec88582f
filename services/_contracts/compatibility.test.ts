import { describe, expect, test } from "bun:test";
import { t } from "elysia";
import { Item, Money, Uuid } from "./common";
import {
  breakingChangesAcrossVersions,
  breakingChangesWithinVersion,
  type Schema,
  withoutAnnotations,
} from "./compatibility";

const toSchema = (schema: unknown): Schema => withoutAnnotations(JSON.parse(JSON.stringify(schema)));
const fields = {
  orderId: Uuid,
  total: Money,
  items: t.Array(Item, { maxItems: 50 }),
  change: t.Union([t.Literal("reserved"), t.Literal("rejected")]),
  reason: t.Optional(t.String({ maxLength: 100 })),
};
const before = toSchema(t.Object(fields));
const { total: _, ...withoutTotal } = fields;
const { reason: __, ...withoutReason } = fields;
const withFields = (over: object, base: object = fields) => toSchema(t.Object({ ...base, ...over } as typeof fields));
const change = (...values: string[]) => ({ change: t.Union(values.map((value) => t.Literal(value))) });

describe("within a version, a breaking change is found", () => {
  test.each([
    ["a removed field", withFields({}, withoutTotal), "/total was removed"],
    ["a removed field that is required", withFields({}, withoutTotal), "/total is required and may be missing"],
    ["a removed optional field", withFields({}, withoutReason), "/reason was removed"],
    ["a renamed field", withFields({ sum: Money }, withoutTotal), "/total was removed"],
    ["a new required field", withFields({ userId: Uuid }), "/userId is required and may be missing"],
    ["an optional field made required", withFields({ reason: t.String({ maxLength: 100 }) }), "/reason is required"],
    [
      "a required field made optional",
      withFields({ total: t.Optional(Money) }),
      "/total is required and may be missing",
    ],
    ["another type", withFields({ total: t.String() }), "/total is object instead of string"],
    [
      "a narrower type",
      withFields({ total: t.Object({ ...Money.properties, amount: t.Literal(5) }) }),
      "/total/amount",
    ],
    ["a removed enum value", withFields(change("reserved")), '/change may be "rejected"'],
    ["a new enum value", withFields(change("reserved", "rejected", "low")), '/change may be "low"'],
    ["a renamed enum value", withFields(change("reserved", "refused")), '/change may be "rejected"'],
    [
      "a smaller maxLength",
      withFields({ reason: t.Optional(t.String({ maxLength: 99 })) }),
      "/reason may violate maxLength 99",
    ],
    [
      "a larger maxLength",
      withFields({ reason: t.Optional(t.String({ maxLength: 101 })) }),
      "/reason may violate maxLength 100",
    ],
    [
      "a new minLength",
      withFields({ reason: t.Optional(t.String({ maxLength: 100, minLength: 1 })) }),
      "/reason may violate minLength 1",
    ],
    [
      "a new pattern",
      withFields({ reason: t.Optional(t.String({ maxLength: 100, pattern: "^a" })) }),
      "/reason may violate pattern",
    ],
    ["a removed format", withFields({ orderId: t.String() }), "/orderId may violate format"],
    ["a smaller maxItems", withFields({ items: t.Array(Item, { maxItems: 49 }) }), "/items may violate maxItems 49"],
    ["a larger maxItems", withFields({ items: t.Array(Item, { maxItems: 51 }) }), "/items may violate maxItems 50"],
    [
      "a nested smaller maximum",
      withFields({ items: t.Array(t.Object({ ...Item.properties, quantity: t.Integer({ minimum: 1, maximum: 9 }) })) }),
      "/items/*/quantity",
    ],
    [
      "a nested removed field",
      withFields({ items: t.Array(t.Object({ productId: Uuid })) }),
      "/items/*/quantity was removed",
    ],
    ["additionalProperties false", toSchema(t.Object(fields, { additionalProperties: false })), "additionalProperties"],
    ["a new null alternative", withFields({ total: t.Union([Money, t.Null()]) }), '/total may be "null"'],
    ["an unknown keyword", withFields({ total: { ...Money, minProperties: 2, not: {} } }), "/total may violate not"],
  ])("%s", (_change, after, expected) => {
    expect(breakingChangesWithinVersion(before, after).join("\n")).toContain(expected);
  });
});

describe("within a version, a compatible change is not reported", () => {
  test.each([
    ["no change", before],
    ["a new optional field", withFields({ note: t.Optional(t.String()) })],
    ["a nested new optional field", withFields({ total: t.Object({ ...Money.properties, tax: t.Optional(Money) }) })],
    ["annotations", withFields({ orderId: t.String({ format: "uuid", description: "another text", title: "Order" }) })],
    ["the order of alternatives", withFields(change("rejected", "reserved"))],
  ])("%s", (_change, after) => {
    expect(breakingChangesWithinVersion(before, toSchema(after))).toEqual([]);
  });
});

describe("a new version", () => {
  test("may have new enum values and fewer required fields", () => {
    expect(breakingChangesAcrossVersions(before, withFields(change("reserved", "rejected", "low")))).toEqual([]);
    expect(breakingChangesAcrossVersions(before, withFields({ total: t.Optional(Money) }))).toEqual([]);
  });
  test("must accept messages of the previous version", () => {
    expect(breakingChangesAcrossVersions(before, withFields({ userId: Uuid }))).toEqual([
      "messages already sent are rejected: /userId is required and may be missing",
    ]);
    expect(breakingChangesAcrossVersions(before, withFields({}, withoutReason))).toHaveLength(1);
  });
});

test("a field named like an annotation is kept", () => {
  const schema = toSchema(t.Object({ description: t.String({ description: "words" }), title: t.String() }));
  expect(schema.properties).toEqual({ description: { type: "string" }, title: { type: "string" } });
});
