import { stackPaths } from "../config/paths";
import { offsetFrom } from "../config/ports";
import { endOrphans } from "../process/orphans";
import { commandLine, isAlive } from "../process/proc";
import { ended, send } from "../process/signal";
import { pidIn } from "../process/spawn";

const STOP_MS = 12_000;

/** `bun run down`: stops the stack at this PORT_OFFSET, with or without its launcher. */
const offset = offsetFrom(process.env);
const paths = stackPaths(offset);
const launcher = pidIn(paths.pidFile("launcher"));
let count = 0;
// Another program may have the pid by now; only one that looks like a launcher is stopped.
if (launcher !== undefined && isAlive(launcher) && /bun/.test(commandLine(launcher))) {
  send(launcher, "SIGTERM");
  await ended([launcher], STOP_MS);
  count += 1;
}
count += await endOrphans(paths);
console.log(count > 0 ? "Everything is stopped." : `Nothing was running at PORT_OFFSET=${offset}.`);
