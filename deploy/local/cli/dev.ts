import pc from "picocolors";
import { offsetFrom } from "../config/ports";
import { watchParents } from "../process/parents";
import { lines, terminal } from "../stack/progress";
import { type Stack, startStack } from "../stack/stack";
import { UserError } from "../user-error";
import { parseArgs, usage } from "./options";
import { summary } from "./summary";

/** `bun run dev`: starts the whole shop, keeps it running, and leaves no process behind. */
const startedAt = performance.now();
const stopping = new AbortController();
let stack: Stack | undefined;

/** One Ctrl-C arrives several times: from the terminal, and passed on by npx and `bun run`. */
const SAME_SIGNAL_MS = 1_000;
let stoppingSince = 0;

function stop(reason: string): void {
  if (stopping.signal.aborted) {
    if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
    stack?.killAll();
    process.exit(1); // processes that are still starting are ended by the kernel, or by the next start
  }
  console.log(`\n${reason}: stopping (press Ctrl-C again to kill everything)`);
  stoppingSince = performance.now();
  stopping.abort();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
// After the terminal has closed, printing fails. That must not end the launcher before everything is stopped.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

async function main(): Promise<void> {
  if (process.argv.includes("--help")) return console.log(usage);
  const offset = offsetFrom(process.env);
  const options = parseArgs(process.argv.slice(2));
  watchParents((wrapper) => stopping.signal.aborted || stop(`${wrapper} has ended`));
  const report = process.stdout.isTTY ? terminal() : lines((line) => console.log(line));
  stack = await startStack({ offset, appEnv: "dev", ...options, report, signal: stopping.signal });
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(summary(stack, { seed: options.seed, seconds, offset }));
  if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
  await stack.stop();
  console.log("Everything is stopped.");
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (stopping.signal.aborted) {
    console.log("Everything is stopped.");
    process.exit(0);
  }
  console.error(error instanceof UserError ? `${pc.red("error")} ${error.message}` : error);
  process.exit(1);
}
