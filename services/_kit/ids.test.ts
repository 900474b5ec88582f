import { expect, test } from "bun:test";
import { firstIdAt } from "./ids";

test("ids created before a time are smaller than its first id; later ids are not", () => {
  const time = new Date("2026-03-04T05:06:07.089Z");
  const idsAt = (ms: number) => Array.from({ length: 100 }, () => Bun.randomUUIDv7("hex", ms));
  for (const id of idsAt(time.getTime() - 1)) expect(id < firstIdAt(time)).toBe(true);
  for (const id of idsAt(time.getTime())) expect(id >= firstIdAt(time)).toBe(true);
});

test("times that do not fit into an id are clamped", () => {
  expect(firstIdAt(new Date(-1))).toBe("00000000-0000-7000-8000-000000000000");
  expect(firstIdAt(new Date(8.64e15))).toBe("ffffffff-ffff-7000-8000-000000000000");
});
