/**
 * Calls `probe` every 20 ms until it returns something other than undefined, null or false.
 * @throws the last error of `probe`, or an Error with its last result, after `timeoutMs`
 */
export async function eventually<T>(probe: () => Promise<T> | T, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined && result !== null && result !== false) return result;
      if (Date.now() > deadline) throw new Error(`still ${String(result)} after ${timeoutMs} ms`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await Bun.sleep(20);
  }
}
