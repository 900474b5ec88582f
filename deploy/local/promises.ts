import { UserError } from "./user-error";

const PROBE_INTERVAL_MS = 60;

/**
 * Waits for all promises, then throws the first error. Nothing is still starting when the caller begins to clean up.
 */
export async function allOrFirstError<T>(promises: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/**
 * Calls `probe` until it returns true. An exception in `probe` counts as "not yet", except a UserError, which is
 * final. A probe that never settles is abandoned at the deadline.
 * @param subject what is waited for; the error message begins with it
 * @throws UserError after `timeoutMs`
 */
export async function until(subject: string, timeoutMs: number, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const timeout = Bun.sleep(timeoutMs).then(() => false);
  let lastError: unknown;
  while (Date.now() < deadline) {
    try {
      if (await Promise.race([probe(), timeout])) return;
    } catch (error) {
      if (error instanceof UserError) throw error;
      lastError = error;
    }
    await Bun.sleep(PROBE_INTERVAL_MS);
  }
  const reason = lastError instanceof Error ? ` (${lastError.message || lastError.name})` : "";
  throw new UserError(`${subject} did not become ready within ${timeoutMs / 1000} s${reason}`);
}
