import type { Log } from "../telemetry/log";

/** Runs `work` again and again with a pause between; a failure is logged and tried again. @returns stops it and waits for the run under way */
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
      log.warn({ err: error }, "a repeated task failed");
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
