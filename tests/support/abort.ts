/** @returns a signal that aborts when the process receives SIGINT or SIGTERM, so that the stack stops before it exits */
export function abortOnTermination(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
