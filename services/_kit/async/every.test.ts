import { describe, expect, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { every } from "./every";

describe("a periodic task", () => {
  test("continues after a synchronous throw and after a rejection", async () => {
    let runs = 0;
    const stop = every(
      1,
      () => {
        runs++;
        if (runs === 1) throw new Error("synchronous");
        return runs === 2 ? Promise.reject(new Error("asynchronous")) : Promise.resolve();
      },
      silentLog,
    );
    await eventually(() => runs > 3);
    await stop();
  });
  test("never overlaps itself, and stopping waits for the run under way", async () => {
    let running = 0;
    let runningMax = 0;
    let ended = 0;
    const stop = every(
      1,
      async () => {
        runningMax = Math.max(runningMax, ++running);
        await Bun.sleep(20);
        running--;
        ended++;
      },
      silentLog,
    );
    await eventually(() => ended > 0 && running === 1);
    await stop();
    const endedBefore = ended;
    expect(running).toBe(0);
    expect(runningMax).toBe(1);
    await Bun.sleep(30);
    expect(ended).toBe(endedBefore);
  });
});
