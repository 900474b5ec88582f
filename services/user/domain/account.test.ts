import { expect, test } from "bun:test";
import { canonicalEmail, trimEmail, trimName } from "./account";
import { hashOf, newRefreshToken } from "./session";

test("e-mail addresses are compared regardless of case and surrounding spaces", () => {
  expect(canonicalEmail("  Ada@Example.TEST ")).toBe("ada@example.test");
  expect(trimEmail("  Ada@Example.TEST ")).toBe("Ada@Example.TEST");
});

test("a name is trimmed; a name of spaces only is rejected", () => {
  expect(trimName("  Ada ")).toBe("Ada");
  expect(() => trimName("   ")).toThrow("empty");
});

test("refresh tokens are random and have 43 characters; the hash of a token does not contain it", () => {
  const [one, other] = [newRefreshToken(), newRefreshToken()];
  expect(one.token).toHaveLength(43);
  expect(one.token).not.toBe(other.token);
  expect(one.hash).toBe(hashOf(one.token));
  expect(one.hash).not.toContain(one.token);
});
