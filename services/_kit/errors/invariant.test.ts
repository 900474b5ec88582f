import { expect, test } from "bun:test";
import { InvariantError, invariant } from "./invariant";

test("an invariant that holds passes, one that does not throws its rule", () => {
  expect(() => invariant("something", "there must be something")).not.toThrow();
  expect(() => invariant(undefined, "a new saga must start")).toThrow(
    new InvariantError("invariant violated: a new saga must start"),
  );
});
