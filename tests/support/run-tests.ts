export type Outcome = { passed: number; failed: number };

/** Runs one `bun test` and counts what its summary says. A runner that dies without a summary counts as one failure. */
export async function runTests(o: {
  paths: string[];
  env: Record<string, string>;
  coverage?: true;
  /** Beside the others those that take long: `*.full.test.ts`. */
  full?: boolean;
  signal: AbortSignal;
}): Promise<Outcome> {
  const coverage = o.coverage ? ["--coverage", "--coverage-reporter=lcov", "--coverage-dir=coverage"] : [];
  const without = o.full ? [] : ["--path-ignore-patterns=**/*.full.test.ts"];
  const child = Bun.spawn([process.execPath, "test", "--timeout=60000", ...coverage, ...without, ...o.paths], {
    env: { ...process.env, ...o.env },
    stdio: ["ignore", "pipe", "pipe"],
    signal: o.signal,
  });
  const [, text] = await Promise.all([passOn(child.stdout), passOn(child.stderr), child.exited]);
  const count = (what: string) => Number(new RegExp(`^\\s*(\\d+) ${what}$`, "m").exec(text)?.[1] ?? 0);
  const [passed, failed] = [count("pass"), count("fail")];
  if (passed + failed === 0) console.log(`bun test ended without a summary: ${child.signalCode ?? child.exitCode}`);
  return { passed, failed: child.exitCode === 0 ? failed : Math.max(failed, 1) };
}

/** Prints a stream as it comes, and keeps it. */
async function passOn(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const part = decoder.decode(chunk, { stream: true });
    process.stdout.write(part);
    text += part;
  }
  return text;
}
