import { expect, test } from "bun:test";
import { firstIdAt } from "./ids";

test("ids made before a moment are below its first id, ids made in or after it are not", () => {
  const moment = new Date("2026-03-04T05:06:07.089Z");
  const idsAt = (ms: number) => Array.from({ length: 100 }, () => Bun.randomUUIDv7("hex", ms));
  for (const id of idsAt(moment.getTime() - 1)) expect(id < firstIdAt(moment)).toBe(true);
  for (const id of idsAt(moment.getTime())) expect(id >= firstIdAt(moment)).toBe(true);
});

test("a moment before 1970 or after the year 10000 has a first id too", () => {
  expect(firstIdAt(new Date(-1))).toBe("00000000-0000-7000-8000-000000000000");
  expect(firstIdAt(new Date(8.64e15))).toBe("ffffffff-ffff-7000-8000-000000000000");
});
