import fc from "fast-check";

/** How a property is tried: ten thousand times, saying so. The scoreboard reads what is said. */
export const thoroughly = <T>(what: string): fc.Parameters<T> => ({
  numRuns: 10_000,
  reporter(details) {
    console.log(`property of ${what}: ${details.numRuns} runs, ${details.failed ? "violated" : "held"}`);
    if (details.failed) throw new Error(fc.defaultReportMessage(details));
  },
});
