import type { Log } from "../telemetry/log";

/**
 * Runs `work` periodically. A run starts only after the previous one has ended. A failure is logged, and the next run
 * tries again.
 * @param pauseMs the pause between two runs; varied by ±10 %, so that instances do not all run at the same moment
 * @returns a function that stops the runs and waits for the one under way
 */
export function every(
  pauseMs: number,
  work: () => Promise<unknown>,
  log: Log,
  first: "at once" | "after a pause" = "after a pause",
): () => Promise<void> {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();
  const next = () => {
    if (!stopped) timer = setTimeout(run, pauseMs * (0.9 + 0.2 * Math.random()));
  };
  const run = () => {
    running = (async () => work())().then(next, (error) => {
      log.warn({ err: error }, "periodic task failed");
      next();
    });
  };
  if (first === "at once") run();
  else next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
