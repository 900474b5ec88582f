import { describe, expect, test } from "bun:test";
import { t } from "elysia";
import { Item, Money, Uuid } from "./common";
import { breakingChanges, type Schema, unreadable, withoutAnnotations } from "./compatibility";

const plain = (schema: unknown): Schema => withoutAnnotations(JSON.parse(JSON.stringify(schema)));
const fields = {
  orderId: Uuid,
  total: Money,
  items: t.Array(Item, { maxItems: 50 }),
  change: t.Union([t.Literal("reserved"), t.Literal("rejected")]),
  reason: t.Optional(t.String({ maxLength: 100 })),
};
const before = plain(t.Object(fields));
const { total: _, ...withoutTotal } = fields;
const { reason: __, ...withoutReason } = fields;
const now = (over: object, base: object = fields) => plain(t.Object({ ...base, ...over } as typeof fields));
const change = (...values: string[]) => ({ change: t.Union(values.map((value) => t.Literal(value))) });

describe("a change that breaks whoever is deployed with the same version is found", () => {
  test.each([
    ["a field removed", now({}, withoutTotal), "/total is gone"],
    ["a field removed that consumers need", now({}, withoutTotal), "/total is required and may be missing"],
    ["an optional field removed", now({}, withoutReason), "/reason is gone"],
    ["a field renamed", now({ sum: Money }, withoutTotal), "/total is gone"],
    ["a new field required", now({ userId: Uuid }), "/userId is required and may be missing"],
    ["an optional field required", now({ reason: t.String({ maxLength: 100 }) }), "/reason is required"],
    ["a required field optional", now({ total: t.Optional(Money) }), "/total is required and may be missing"],
    ["another type", now({ total: t.String() }), "/total is object instead of string"],
    ["a type narrowed", now({ total: t.Object({ ...Money.properties, amount: t.Literal(5) }) }), "/total/amount"],
    ["a value of an enum removed", now(change("reserved")), '/change may be "rejected"'],
    ["a value of an enum added", now(change("reserved", "rejected", "low")), '/change may be "low"'],
    ["a value of an enum renamed", now(change("reserved", "refused")), '/change may be "rejected"'],
    ["a text shorter", now({ reason: t.Optional(t.String({ maxLength: 99 })) }), "/reason has maxLength 99"],
    ["a text longer", now({ reason: t.Optional(t.String({ maxLength: 101 })) }), "/reason has maxLength 100"],
    ["a text at least so long", now({ reason: t.Optional(t.String({ maxLength: 100, minLength: 1 })) }), "minLength 1"],
    ["a pattern", now({ reason: t.Optional(t.String({ maxLength: 100, pattern: "^a" })) }), "has pattern"],
    ["a format dropped", now({ orderId: t.String() }), "/orderId has format"],
    ["fewer items", now({ items: t.Array(Item, { maxItems: 49 }) }), "/items has maxItems 49"],
    ["more items", now({ items: t.Array(Item, { maxItems: 51 }) }), "/items has maxItems 50"],
    [
      "deep inside: fewer of a thing",
      now({ items: t.Array(t.Object({ ...Item.properties, quantity: t.Integer({ minimum: 1, maximum: 9 }) })) }),
      "/items/*/quantity",
    ],
    ["deep inside: a field gone", now({ items: t.Array(t.Object({ productId: Uuid })) }), "/items/*/quantity is gone"],
    ["closed to other fields", plain(t.Object(fields, { additionalProperties: false })), "additionalProperties"],
    ["may be nothing", now({ total: t.Union([Money, t.Null()]) }), '/total may be "null"'],
    ["a keyword nobody knows", now({ total: { ...Money, minProperties: 2, not: {} } }), "has not"],
  ])("%s", (_what, after, told) => {
    expect(breakingChanges(before, after).join("\n")).toContain(told);
  });
});

describe("a change that nobody notices is none", () => {
  test.each([
    ["nothing", before],
    ["a new optional field", now({ note: t.Optional(t.String()) })],
    ["a new optional field deep inside", now({ total: t.Object({ ...Money.properties, tax: t.Optional(Money) }) })],
    ["words", now({ orderId: t.String({ format: "uuid", description: "another text", title: "Order" }) })],
    ["the order of alternatives", now(change("rejected", "reserved"))],
  ])("%s", (_what, after) => {
    expect(breakingChanges(before, plain(after))).toEqual([]);
  });
});

describe("a new version", () => {
  test("may say more than the version before", () => {
    expect(unreadable(before, now(change("reserved", "rejected", "low")))).toEqual([]);
    expect(unreadable(before, now({ total: t.Optional(Money) }))).toEqual([]);
  });
  test("still takes what is on its way in the version before", () => {
    expect(unreadable(before, now({ userId: Uuid }))).toEqual([
      "messages sent already are refused: /userId is required and may be missing",
    ]);
    expect(unreadable(before, now({}, withoutReason))).toHaveLength(1);
  });
});

test("a field that is called like an annotation is a field", () => {
  const schema = plain(t.Object({ description: t.String({ description: "words" }), title: t.String() }));
  expect(schema.properties).toEqual({ description: { type: "string" }, title: { type: "string" } });
});
