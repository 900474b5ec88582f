/** @returns a signal that aborts on SIGINT or SIGTERM, so that this process stops its stack before it exits */
export function abortOnTermination(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
