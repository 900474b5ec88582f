import { expect, test } from "bun:test";
import { toHandledBefore, watermarkWriter } from "./watermark";

const takenAt = Date.parse("2026-01-01T00:01:00Z");

test("a queue is handled up to ten seconds before its oldest unfinished job, or before the snapshot", () => {
  const oldest = new Map([
    ["busy", takenAt - 30_000],
    ["empty", Number.POSITIVE_INFINITY],
    ["too long", 0],
  ]);
  expect([...toHandledBefore(oldest, takenAt)]).toEqual([
    ["busy", new Date(takenAt - 40_000)],
    ["empty", new Date(takenAt - 10_000)],
    ["too long", new Date(0)],
  ]);
});

test("the watermark of the slowest queue is stored whenever it has moved on by ten seconds", async () => {
  const stored: Date[] = [];
  const write = watermarkWriter(async (handledBefore) => void stored.push(handledBefore));
  const at = (seconds: number) => new Date(takenAt + seconds * 1_000);
  expect(
    await write(
      new Map([
        ["a", at(30)],
        ["b", at(0)],
      ]),
    ),
  ).toEqual(at(0));
  expect(
    await write(
      new Map([
        ["a", at(30)],
        ["b", at(9.999)],
      ]),
    ),
  ).toBeUndefined();
  expect(
    await write(
      new Map([
        ["a", at(30)],
        ["b", at(10)],
      ]),
    ),
  ).toEqual(at(10));
  expect(stored).toEqual([at(0), at(10)]);
});

test("a watermark that could not be stored is stored next time", async () => {
  let fails = true;
  const write = watermarkWriter(async () => {
    if (fails) throw new Error("the store is unavailable");
  });
  const handledBefore = new Map([["a", new Date(takenAt)]]);
  await expect(write(handledBefore)).rejects.toThrow("unavailable");
  fails = false;
  expect(await write(handledBefore)).toEqual(new Date(takenAt));
});
