import { describe, expect, test } from "bun:test";
import { AppError } from "./errors/app-error";
import { canonical, hashedScope, idempotentRequest, readableScope, rejectReusedKey } from "./idempotency";

const use = { subject: "ada", method: "POST", route: "/orders", key: "k1" };
const request = { b: { c: "d" }, a: [{ y: 2, x: 1 }] };

describe("stored hashes are stable", () => {
  // printf '["ada","POST","/orders","k1"]' | openssl dgst -sha256 -binary | basenc --base64url
  test("of the scope", () => {
    expect(hashedScope(use)).toBe("-22YNnMUI2TEPTDMzsFe0nTUQJu4FFf0HGGVQSemhWU");
    expect(idempotentRequest({ ...use, request })?.scope).toBe("-22YNnMUI2TEPTDMzsFe0nTUQJu4FFf0HGGVQSemhWU");
  });
  // printf '{"a":[{"x":1,"y":2}],"b":{"c":"d"}}' | openssl dgst -sha256 -binary | basenc --base64url
  test("of the request", () => {
    expect(idempotentRequest({ ...use, request: canonical(request) })?.requestHash).toBe(
      "UPJdMp6PuWYI4JhRLWJQsLG1hefJSlKi1eoNEPDTj-A",
    );
  });
});

describe("a scope", () => {
  test("can be readable", () => {
    expect(readableScope(use)).toBe("ada POST /orders k1");
    expect(idempotentRequest({ ...use, request, scope: readableScope })?.scope).toBe("ada POST /orders k1");
  });
  test.each([["subject"], ["method"], ["route"], ["key"]] as const)("differs for another %s", (part) => {
    const other = { ...use, [part]: "other" };
    expect(hashedScope(other)).not.toBe(hashedScope(use));
    expect(readableScope(other)).not.toBe(readableScope(use));
  });
  test("differs if text moves from one part into the next", () => {
    expect(hashedScope({ ...use, subject: 'ada","POST', method: "" })).not.toBe(hashedScope(use));
  });
});

describe("a request", () => {
  test("without a key is not idempotent", () => {
    expect(idempotentRequest({ ...use, key: undefined, request })).toBeUndefined();
  });
  test("has a hash that depends on the order of its fields unless it is canonical", () => {
    const hash = (value: unknown) => idempotentRequest({ ...use, request: value })?.requestHash;
    const reordered = { a: [{ x: 1, y: 2 }], b: { c: "d" } };
    expect(hash(reordered)).not.toBe(hash(request) as string);
    expect(hash(canonical(reordered))).toBe(hash(canonical(request)) as string);
  });
  test("without a body has a hash too", () => {
    expect(idempotentRequest({ ...use, request: undefined })?.requestHash).toBe(
      "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    );
  });
});

describe("canonical", () => {
  const text = (value: unknown) => JSON.stringify(canonical(value));
  test("sorts fields by name at every depth and keeps the order of arrays", () => {
    expect(text(request)).toBe('{"a":[{"x":1,"y":2}],"b":{"c":"d"}}');
    expect(text([3, 1, 2])).toBe("[3,1,2]");
  });
  test("drops undefined fields and keeps null", () => {
    expect(text({ b: undefined, a: null })).toBe('{"a":null}');
  });
  test.each([[1], ["text"], [true], [null], [undefined]])("leaves %p unchanged", (value) => {
    expect(canonical(value)).toBe(value as never);
  });
  test("does not change its argument", () => {
    const value = { b: 1, a: 2 };
    canonical(value);
    expect(Object.keys(value)).toEqual(["b", "a"]);
  });
});

describe("rejectReusedKey", () => {
  test("accepts the hash that is stored, and no hash if none is stored", () => {
    expect(() => rejectReusedKey("h1", "h1")).not.toThrow();
    expect(() => rejectReusedKey(undefined, undefined)).not.toThrow();
  });
  test.each([["h2"], [undefined]])("refuses a hash if %p is stored", (stored) => {
    let thrown: unknown;
    try {
      rejectReusedKey(stored, "h1");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code: "idempotency.key_reused", status: 422 });
  });
});
