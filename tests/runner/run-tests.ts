export type Outcome = { passed: number; failed: number };

/** Runs `bun test` and reads the counts from its summary. An exit without a summary counts as one failure. */
export async function runTests(o: {
  paths: string[];
  env: Record<string, string>;
  coverage?: true;
  /** Also runs the slow tests: `*.full.test.ts`. */
  full?: boolean;
  signal: AbortSignal;
}): Promise<Outcome> {
  const coverage = o.coverage ? ["--coverage", "--coverage-reporter=lcov", "--coverage-dir=coverage"] : [];
  const ignored = o.full ? [] : ["--path-ignore-patterns=**/*.full.test.ts"];
  const child = Bun.spawn([process.execPath, "test", "--timeout=60000", ...coverage, ...ignored, ...o.paths], {
    env: { ...process.env, ...o.env },
    stdio: ["ignore", "pipe", "pipe"],
    signal: o.signal,
  });
  const [, stderr] = await Promise.all([forward(child.stdout), forward(child.stderr), child.exited]);
  const count = (outcome: string) => Number(new RegExp(`^\\s*(\\d+) ${outcome}$`, "m").exec(stderr)?.[1] ?? 0);
  const [passed, failed] = [count("pass"), count("fail")];
  if (passed + failed === 0) console.log(`bun test exited without a summary: ${child.signalCode ?? child.exitCode}`);
  return { passed, failed: child.exitCode === 0 ? failed : Math.max(failed, 1) };
}

/** Copies a stream to stdout. @returns its text */
async function forward(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const part = decoder.decode(chunk, { stream: true });
    process.stdout.write(part);
    text += part;
  }
  return text;
}
