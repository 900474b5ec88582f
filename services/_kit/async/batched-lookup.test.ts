import { expect, test } from "bun:test";
import { batchedLookup } from "./batched-lookup";

function shelf() {
  const asked: string[][] = [];
  const thingsOf = batchedLookup({
    async load(ids) {
      asked.push(ids);
      return ids.filter((id) => id !== "gone").map((id) => ({ id }));
    },
    idOf: ({ id }) => id,
    idsMax: 100,
  });
  return { asked, thingsOf };
}

test("questions at the same time share a request, and each gets its own answers", async () => {
  const { asked, thingsOf } = shelf();
  const answers = await Promise.all([["a"], ["b"], ["a", "c"], ["c", "gone"]].map(thingsOf));
  expect(answers.map((things) => things.map(({ id }) => id))).toEqual([["a"], ["b"], ["a", "c"], ["c"]]);
  expect(asked).toEqual([["a"], ["b", "a", "c", "gone"]]);
});

test("no request is about more than it may be", async () => {
  const { asked, thingsOf } = shelf();
  const ids = Array.from({ length: 250 }, (_, index) => `p${index}`);
  expect(await thingsOf(ids)).toHaveLength(250);
  expect(asked.map((question) => question.length)).toEqual([100, 100, 50]);
});
