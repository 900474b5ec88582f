import { expect, test } from "bun:test";
import { Writable } from "node:stream";
import pino from "pino";
import { type Schema, untilMigrated } from "./schema";

/** Waits for a store whose versions, or errors, are read one after the other. @returns the log lines */
async function waitFor(wanted: number, found: (number | Error)[], remindEveryMs?: number): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const log = pino(
    new Writable({
      write(chunk, _encoding, done) {
        const { msg, wanted, found, error } = JSON.parse(String(chunk));
        lines.push([msg, ...(error ? [error] : wanted ? [wanted, found] : [])]);
        done();
      },
    }),
  );
  const schema: Schema = {
    wanted,
    async readVersion() {
      const next = found.shift();
      if (next instanceof Error) throw next;
      return next as number;
    },
  };
  await untilMigrated(schema, log, { pauseMs: 1, remindEveryMs });
  expect(found).toEqual([]);
  return lines;
}
const waiting = "waiting for the migration of the store";

test("a store with the wanted schema, or a newer one, is accepted at the first look", async () => {
  expect(await waitFor(3, [3])).toEqual([]);
  expect(await waitFor(3, [4])).toEqual([]);
});

test("the wait goes on while the schema is too old or cannot be read; each reason is logged once", async () => {
  const down = new Error("connect ECONNREFUSED");
  expect(await waitFor(3, [down, down, 0, 0, 0, 2, 3])).toEqual([
    [waiting, "connect ECONNREFUSED"],
    [waiting, 3, 0],
    [waiting, 3, 2],
    ["the store is migrated"],
  ]);
});

test("a reason that stays is logged again after a time", async () => {
  expect(await waitFor(1, [0, 0, 1], 0)).toEqual([[waiting, 1, 0], [waiting, 1, 0], ["the store is migrated"]]);
});
