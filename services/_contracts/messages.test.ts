import { describe, expect, test } from "bun:test";
import { messageValidator, schemaVersion } from "@shop/kit/messaging/envelope";
import { Glob } from "bun";
import { isCommand, isMessage, type MessageType, messages } from "./messages";
import { queueNames } from "./services";

const types = Object.keys(messages) as MessageType[];
const check = messageValidator(messages);
const golden = async (type: MessageType) => Bun.file(`${import.meta.dir}/golden/${type}.golden.json`).json();

/** The paths of all values inside `value`. */
function paths(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [at];
  const below = Object.entries(value).flatMap(([key, inner]) =>
    paths(inner, [...at, Array.isArray(value) ? Number(key) : key]),
  );
  return at.length > 0 ? [at, ...below] : below;
}
const without = (data: object, path: (string | number)[]) => {
  const copy = structuredClone(data);
  const parent = path.slice(0, -1).reduce((inner: object, key) => Reflect.get(inner, key), copy);
  Reflect.deleteProperty(parent, path.at(-1) as string);
  return copy;
};

describe.each(types)("%s", (type) => {
  test("has a valid golden example of the current version", async () => {
    const message = await golden(type);
    expect(check(message)).toBeUndefined();
    expect(message.type).toBe(type);
    expect(schemaVersion(message)).toBe(messages[type].version);
    expect(message.dataschema).toBe(`urn:shop:schema:${type}:${messages[type].version}`);
  });
  test("is named after its sender if it is an event, after its receiver if it is a command", async () => {
    const { from, to } = messages[type];
    expect((await golden(type)).source).toBe(`/services/${from}`);
    if (isCommand(type)) expect(to as readonly string[]).toEqual([type.split(".")[0] as string]);
    else expect(type.split(".")[0]).toBe(from);
  });
  test("goes to queues that exist, and to each once", () => {
    const { to } = messages[type];
    for (const name of to) expect(queueNames).toContain(name);
    expect(new Set<string>(to).size).toBe(to.length);
  });
  test("is invalid without a required field", async () => {
    const message = await golden(type);
    const optional: Partial<Record<MessageType, string>> = {
      "inventory.reserve": "/expiresAt",
      "inventory.updated": "/code",
      "order.status_changed": "/reason",
      "payment.void": "/paymentId",
    };
    for (const path of paths(message.data)) {
      const name = `/${path.join("/")}`;
      if (typeof path.at(-1) === "number") continue;
      const isOptional = optional[type] === name;
      const problem = check({ ...message, data: without(message.data, path) });
      expect(`${name}: ${problem === undefined ? "valid" : "invalid"}`).toBe(
        `${name}: ${isOptional ? "valid" : "invalid"}`,
      );
    }
    expect(check({ ...message, data: null })).toBeString();
  });
});

test("each golden example belongs to a message", async () => {
  const names = await Array.fromAsync(new Glob("*.golden.json").scan(`${import.meta.dir}/golden`));
  expect(names.map((name) => name.replace(".golden.json", "")).toSorted()).toEqual(types.toSorted());
});

test("a message of the previous version is valid, because new fields are optional", async () => {
  for (const [type, added] of [
    ["payment.void", "paymentId"],
    ["order.status_changed", "reason"],
  ] as const) {
    const message = await golden(type);
    const before = { ...message, dataschema: `urn:shop:schema:${type}:1`, data: without(message.data, [added]) };
    expect(check(before)).toBeUndefined();
  }
});

test("amounts must be integers, currencies ISO codes, and ids UUIDs", async () => {
  const message = await golden("payment.processed");
  const withData = (over: object) => check({ ...message, data: { ...message.data, ...over } });
  expect(withData({ amount: { amount: "3998", currency: "USD" } })).toContain("/amount/amount");
  expect(withData({ amount: { amount: 39.98, currency: "USD" } })).toContain("/amount/amount");
  expect(withData({ amount: { amount: -1, currency: "USD" } })).toContain("/amount/amount");
  expect(withData({ amount: { amount: 1, currency: "usd" } })).toContain("/amount/currency");
  expect(withData({ orderId: "1" })).toContain("/orderId");
});

test("isMessage compares the type", async () => {
  const message = await golden("payment.failed");
  expect(isMessage(message, "payment.failed")).toBe(true);
  expect(isMessage(message, "payment.processed")).toBe(false);
});
