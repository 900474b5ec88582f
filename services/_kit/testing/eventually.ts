/** Asks again until the answer is there. @throws the last failure, or an error, after `withinMs` */
export async function eventually<T>(ask: () => Promise<T> | T, withinMs = 10_000): Promise<NonNullable<T>> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      if (Date.now() > until) throw new Error(`still ${String(answer)} after ${withinMs} ms`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await Bun.sleep(20);
  }
}
