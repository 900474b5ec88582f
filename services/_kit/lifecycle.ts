import type { Log } from "./telemetry/log";

/** Something that was started: an object with a `close` method, or a function that stops it. */
type Closable = { close(): unknown } | (() => unknown);

/** Everything a process has started, closed in reverse order when the process ends. */
export type Lifecycle = {
  /**
   * Registers `part` to be closed. Call it where the part is started. A part that is registered after `close` is not closed.
   * @param name appears in the log if closing fails
   * @returns `part` itself
   */
  use<T extends Closable>(name: string, part: T): T;
  /**
   * Closes all parts one after the other, last in, first out: a part may need those that were started before it.
   * A part that fails to close is logged, and the rest is closed all the same. A second call waits for the first.
   */
  close(): Promise<void>;
};

export function createLifecycle(log: Log): Lifecycle {
  const parts: { name: string; close: () => unknown }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (const { name, close } of parts.toReversed())
      try {
        await close();
      } catch (error) {
        log.warn({ err: error, part: name }, "close failed");
      }
  }

  return {
    use(name, part) {
      parts.push({ name, close: () => (typeof part === "function" ? part() : part.close()) });
      return part;
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
