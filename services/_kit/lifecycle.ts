import type { Log } from "./telemetry/log";

/** What ends something that was started: a `close` method, or the function that the start returned. */
type Closable = { close(): unknown } | (() => unknown);

/** Everything a process has started, in order, so that it can be closed in reverse. */
export type Lifecycle = {
  /**
   * Registers how `started` ends, at the line where it is started.
   * @param name appears in the log if closing fails
   * @returns `started` itself
   */
  use<T extends Closable>(name: string, started: T): T;
  /**
   * Closes everything, last in, first out, one after the other: what was started later may need what was started earlier.
   * A part that fails to close is logged and keeps no other from closing. A second call waits for the first.
   */
  close(): Promise<void>;
};

export function createLifecycle(log: Log): Lifecycle {
  const started: { name: string; close: () => unknown }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (const { name, close } of started.toReversed())
      try {
        await close();
      } catch (error) {
        log.warn({ err: error, part: name }, "close failed");
      }
  }

  return {
    use(name, part) {
      started.push({ name, close: () => (typeof part === "function" ? part() : part.close()) });
      return part;
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
