import { type Answer, call } from "./shop";

/** Longer than the edge lets a request run. */
const patienceMs = 16_000;

/**
 * Watches what callers get while something is broken: an answer in time, and where it is an error of ours, one that says
 * what to do. Never a bare 500, never silence.
 */
export function newWitness() {
  const complaints: string[] = [];
  const seen = new Map<number, number>();

  function onAnswer(request: string, { status, headers, body }: Answer, ms: number): void {
    seen.set(status, (seen.get(status) ?? 0) + 1);
    if (status < 500) return;
    const isProblem = headers.get("content-type") === "application/problem+json" && typeof body.code === "string";
    if (status !== 503 || !isProblem || ms > patienceMs)
      complaints.push(`${request}: ${status} after ${Math.round(ms)} ms: ${JSON.stringify(body).slice(0, 300)}`);
  }

  return {
    complaints,
    onAnswer,
    /** How many answers of each status there were. */
    statuses: () => Object.fromEntries([...seen].sort(([a], [b]) => a - b)),
    /** @returns undefined where the connection broke */
    async call(...[method, path, options]: Parameters<typeof call>): Promise<Answer | undefined> {
      const started = performance.now();
      const answer = await call(method, path, options).catch(() => undefined);
      if (answer) onAnswer(`${method} ${path}`, answer, performance.now() - started);
      return answer;
    },
  };
}
