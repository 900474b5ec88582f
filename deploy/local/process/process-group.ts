import type { StackPaths } from "../config/paths";
import { UserError } from "../user-error";
import { send } from "./signal";
import { type SupervisedProcess, type SupervisedSpec, supervise } from "./supervise";

/** Limits for each stage of a stop. Together they stay below ten seconds. */
const SERVICES_MS = 6000;
const EDGE_MS = 1000;
const STORES_MS = 2500;
const isStore = (name: string) => ["postgres", "mongo", "redis"].includes(name);
const isEdge = (name: string) => ["envoy", "sandbox"].includes(name);

export type ProcessGroup = ReturnType<typeof createProcessGroup>;

/** All supervised processes of one stack. */
export function createProcessGroup(paths: StackPaths, print: (line: string) => void) {
  const processes = new Map<string, SupervisedProcess>();
  let stopping: Promise<void> | undefined;

  /** The services stop first, so that they can finish their work, then the edge, then the stores. */
  async function stopInOrder(): Promise<void> {
    const stop = (matches: (name: string) => boolean, timeoutMs: number) =>
      Promise.all([...processes.values()].filter(({ name }) => matches(name)).map((each) => each.stop(timeoutMs)));
    await stop((name) => !isStore(name) && !isEdge(name), SERVICES_MS);
    await stop(isEdge, EDGE_MS);
    await stop(isStore, STORES_MS);
  }

  return {
    processes,
    async start(spec: SupervisedSpec): Promise<void> {
      if (stopping) throw new UserError("stopped before everything was up");
      const process = supervise(spec, paths, print);
      processes.set(spec.name, process);
      await process.start();
    },
    stop(): Promise<void> {
      stopping ??= stopInOrder();
      return stopping;
    },
    /** Kills all processes without waiting, for the second Ctrl-C. */
    killAll(): void {
      for (const pid of [...processes.values()].map((each) => each.pid())) {
        if (pid !== undefined) send(-pid, "SIGKILL");
      }
    },
  };
}
