import { offsetFrom } from "../config/ports";
import { startStack } from "../stack/stack";
import { UserError } from "../user-error";

/** Runs the embedded stores until SIGTERM. For tests that run the launcher of another checkout. */
const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());
try {
  const stack = await startStack({
    offset: offsetFrom(process.env),
    appEnv: "dev",
    only: "stores",
    fresh: process.argv.includes("--fresh"),
    report: console.log,
    signal: stopping.signal,
  });
  console.log("up");
  if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
  await stack.stop();
  process.exit(0);
} catch (error) {
  console.log(error instanceof UserError ? `error ${error.message}` : error);
  process.exit(1);
}
