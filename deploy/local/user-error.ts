/** Something the person at the keyboard can fix. Its message is the one line they see; no stack trace is printed. */
export class UserError extends Error {
  override name = "UserError";
}

/** Runs to completion every promise before failing, so that nothing is still starting while we already clean up. */
export async function allOrFirstError<T>(promises: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** Calls `probe` until it answers true. Throws `Failure` after `timeoutMs`; an exception in `probe` counts as "not yet". */
export async function until(what: string, timeoutMs: number, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await probe()) return;
    } catch (error) {
      if (error instanceof UserError) throw error;
      last = error;
    }
    await Bun.sleep(60);
  }
  const why = last instanceof Error ? ` (${last.message || last.name})` : "";
  throw new UserError(`${what} did not become ready within ${timeoutMs / 1000} s${why}`);
}
