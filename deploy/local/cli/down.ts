import { stackPaths } from "../config/paths";
import { offsetFrom } from "../config/ports";
import { endOrphans } from "../process/orphans";
import { commandOf } from "../process/port-owner";
import { ended, isAlive, send } from "../process/signal";
import { pidIn } from "../process/spawn";

/** `bun run down`: stops the stack of this PORT_OFFSET, whether or not its launcher is still there. */
const offset = offsetFrom(process.env);
const layout = stackPaths(offset);
const launcher = pidIn(layout.pidFile("launcher"));
let count = 0;
// The pid may have gone to another program since; only something that looks like a launcher is asked to stop.
if (launcher !== undefined && isAlive(launcher) && /bun/.test(commandOf(launcher))) {
  send(launcher, "SIGTERM");
  await ended([launcher], 12_000);
  count += 1;
}
count += await endOrphans(layout);
console.log(count > 0 ? "Everything is stopped." : `Nothing was running at PORT_OFFSET=${offset}.`);
