import { expect, test } from "bun:test";
import { InvariantError, invariant } from "./invariant";

test("invariant throws its rule only if the condition does not hold", () => {
  expect(() => invariant("something", "there must be something")).not.toThrow();
  expect(() => invariant(undefined, "a new saga must start")).toThrow(
    new InvariantError("invariant violated: a new saga must start"),
  );
});
