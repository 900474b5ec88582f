import { expect, test } from "bun:test";
import { judgeRedis, type SeenRedis } from "./latest-redis";

const stored = (o: Partial<SeenRedis> = {}): SeenRedis => ({
  identity: "new",
  ageSeconds: 1,
  earlier: ["old", "older"],
  ...o,
});

test.each([
  ["the first instance ever", undefined, "a", undefined, "replace"],
  ["the latest instance", stored(), "new", undefined, "latest"],
  ["the latest instance, noted long ago", stored({ ageSeconds: 6 }), "new", "new", "refresh"],
  ["an instance that nobody has seen", stored(), "newer", undefined, "replace"],
  ["an instance that nobody has seen, by a process that was late", stored(), "newer", "old", "replace"],
  ["an earlier instance, by a process that stayed there", stored(), "old", "old", "late"],
  ["an earlier instance, by a process that starts", stored(), "old", undefined, "late"],
  ["an earlier instance, by a process that was on the latest: it failed back", stored(), "old", "new", "replace"],
  ["an earlier instance, while nobody sees the latest", stored({ ageSeconds: 31 }), "old", "old", "replace"],
])("%s", (_, state, seen, before, judgement) => {
  expect(judgeRedis(state, seen, before)).toBe(judgement as ReturnType<typeof judgeRedis>);
});
