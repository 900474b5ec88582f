import fc from "fast-check";

/** Runs a property 10,000 times and prints the result. tests/chaos/properties.test.ts parses the printed line. */
export const propertyOptions = <T>(name: string): fc.Parameters<T> => ({
  numRuns: 10_000,
  reporter(details) {
    console.log(`property of ${name}: ${details.numRuns} runs, ${details.failed ? "violated" : "held"}`);
    if (details.failed) throw new Error(fc.defaultReportMessage(details));
  },
});
