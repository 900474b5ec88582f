import type { StackPaths } from "../config/paths";
import { UserError } from "../user-error";
import { send } from "./signal";
import { type Supervised, supervise, type Unit } from "./supervise";

const SERVICES_MS = 6000;
const EDGE_MS = 1000;
const STORES_MS = 2500;
const isStore = (name: string) => ["postgres", "mongo", "redis"].includes(name);
const isEdge = (name: string) => ["envoy", "sandbox"].includes(name);

/** All supervised processes of one stack. */
export function processGroup(layout: StackPaths, say: (line: string) => void) {
  const units = new Map<string, Unit>();
  let stopping: Promise<void> | undefined;

  /**
   * Services first, so that they can finish what they have begun; then the edge; the stores last. The limits add up to
   * less than ten seconds, after which nothing is left.
   */
  async function stopInOrder(): Promise<void> {
    const stop = (which: (name: string) => boolean, timeoutMs: number) =>
      Promise.all([...units.values()].filter(({ name }) => which(name)).map((unit) => unit.stop(timeoutMs)));
    await stop((name) => !isStore(name) && !isEdge(name), SERVICES_MS);
    await stop(isEdge, EDGE_MS);
    await stop(isStore, STORES_MS);
  }

  return {
    units,
    async start(spec: Supervised): Promise<void> {
      if (stopping) throw new UserError("stopped before everything was up");
      const unit = supervise(spec, layout, say);
      units.set(spec.name, unit);
      await unit.start();
    },
    stop(): Promise<void> {
      stopping ??= stopInOrder();
      return stopping;
    },
    /** No mercy and no waiting: for the second Ctrl-C. */
    killAll(): void {
      for (const pid of [...units.values()].map((unit) => unit.pid())) if (pid !== undefined) send(-pid, "SIGKILL");
    },
  };
}
