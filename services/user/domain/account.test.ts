import { expect, test } from "bun:test";
import { sameEmail, tidyEmail, tidyName } from "./account";
import { hashOf, newRefreshToken } from "./session";

test("addresses that differ in case or spaces are one account's", () => {
  expect(sameEmail("  Ada@Example.TEST ")).toBe("ada@example.test");
  expect(tidyEmail("  Ada@Example.TEST ")).toBe("Ada@Example.TEST");
});

test("a name of spaces is none", () => {
  expect(tidyName("  Ada ")).toBe("Ada");
  expect(() => tidyName("   ")).toThrow("empty");
});

test("refresh tokens are long, never the same, and kept as a hash alone", () => {
  const [one, other] = [newRefreshToken(), newRefreshToken()];
  expect(one.token).toHaveLength(43);
  expect(one.token).not.toBe(other.token);
  expect(one.hash).toBe(hashOf(one.token));
  expect(one.hash).not.toContain(one.token);
});
