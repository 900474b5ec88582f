import { expect, test } from "bun:test";
import { batchedLookup } from "./batched-lookup";

function aLookup() {
  const loads: string[][] = [];
  const lookUp = batchedLookup({
    name: "look up",
    async load(ids) {
      loads.push(ids);
      return ids.filter((id) => id !== "gone").map((id) => ({ id }));
    },
    idOf: ({ id }) => id,
    idsMax: 100,
  });
  return { loads, lookUp };
}

test("lookups made at the same time share a request, and each gets only its own things", async () => {
  const { loads, lookUp } = aLookup();
  const results = await Promise.all([["a"], ["b"], ["a", "c"], ["c", "gone"]].map(lookUp));
  expect(results.map((things) => things.map(({ id }) => id))).toEqual([["a"], ["b"], ["a", "c"], ["c"]]);
  expect(loads).toEqual([["a"], ["b", "a", "c", "gone"]]);
});

test("no request loads more than idsMax ids", async () => {
  const { loads, lookUp } = aLookup();
  const ids = Array.from({ length: 250 }, (_, index) => `p${index}`);
  expect(await lookUp(ids)).toHaveLength(250);
  expect(loads.map((load) => load.length)).toEqual([100, 100, 50]);
});
