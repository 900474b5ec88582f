import { expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { type LineNumber, scoreLines } from "./score-lines";

/** The result of a check: the figure that the scoreboard shows, and every way in which its target was missed. */
export type Finding = { figure: string; problems: string[] };
/** A finding as the report stores it. */
export type ScoreRecord = { line: LineNumber; figure: string; ok: boolean; seconds: number };

/** `bun run scoreboard` runs every check at full size, `bun run test` at about a tenth of it. */
export const isFullSize = process.env.SCORE === "full";

/** @param reduced the size for `bun run test`, where a tenth of `full` is too slow or too small */
export const scaled = (full: number, reduced = Math.ceil(full / 10)): number => (isFullSize ? full : reduced);

/**
 * Declares a check of the scoreboard as a test. The test fails if a target is missed.
 * @param run returns a finding for each of `lines`
 */
export function scoreboardCheck(lines: LineNumber[], timeoutMs: number, run: () => Promise<Finding[]>): void {
  test(
    `scoreboard ${lines.join(", ")}: ${scoreLines[lines[0] as LineNumber].check}`,
    async () => {
      const started = performance.now();
      const elapsedSeconds = () => Math.round((performance.now() - started) / 1000);
      const findings = await run().catch((error) => {
        for (const line of lines)
          record({ line, figure: "the check threw an error", ok: false, seconds: elapsedSeconds() });
        throw error;
      });
      lines.forEach((line, index) => {
        const { figure, problems } = findings[index] as Finding;
        record({ line, figure, ok: problems.length === 0, seconds: elapsedSeconds() });
      });
      expect(findings.flatMap(({ problems }) => problems.slice(0, 20))).toEqual([]);
    },
    timeoutMs,
  );
}

function record(result: ScoreRecord): void {
  const { check, target } = scoreLines[result.line];
  const size = isFullSize ? "" : " (reduced size)";
  console.log(
    `${result.ok ? "met   " : "MISSED"} ${result.line}. ${check}${size}: ${result.figure} (target: ${target})`,
  );
  if (process.env.SCORE_FILE) appendFileSync(process.env.SCORE_FILE, `${JSON.stringify(result)}\n`);
}

/** @param share for example 0.99 for the 99th percentile */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
