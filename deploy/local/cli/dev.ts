import pc from "picocolors";
import { offsetFrom } from "../config/ports";
import { watchParents } from "../process/parents";
import { type Stack, startStack } from "../stack/stack";
import { UserError } from "../user-error";
import { parseArgs, usage } from "./options";
import { lines, terminal } from "./progress";
import { summary } from "./summary";

/** `bun run dev`: starts the whole shop, stays up, and leaves no process behind. */
const startedAt = performance.now();
const stopping = new AbortController();
let stack: Stack | undefined;

/** One Ctrl-C comes several times: from the terminal, and passed on by npx and `bun run`. */
const sameCtrlCMs = 1_000;
let stoppingSince = 0;

function stop(why: string): void {
  if (stopping.signal.aborted) {
    if (performance.now() - stoppingSince < sameCtrlCMs) return;
    stack?.killAll();
    process.exit(1); // what is still starting is ended by the kernel, or by the next start
  }
  console.log(`\n${why}: stopping (again to kill at once)`);
  stoppingSince = performance.now();
  stopping.abort();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
// A terminal that went away must not end us by an error on the next line printed.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

async function main(): Promise<void> {
  if (process.argv.includes("--help")) return console.log(usage);
  const offset = offsetFrom(process.env);
  const options = parseArgs(process.argv.slice(2));
  watchParents((wrapper) => stopping.signal.aborted || stop(`${wrapper} is gone`));
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
  if (stopping.signal.aborted) process.exit(0);
  console.error(error instanceof UserError ? `${pc.red("error")} ${error.message}` : error);
  process.exit(1);
}
