import { expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { type LineNumber, scoreLines } from "./score-lines";

/** What a check found: the figure it is known by, and every way in which its target was missed. */
export type Finding = { figure: string; problems: string[] };
/** What is kept of it for the report. */
export type Record = { line: LineNumber; figure: string; ok: boolean; seconds: number };

/** `bun run scoreboard` runs every check at full size, `bun run test` at a tenth of it. */
export const isFull = process.env.SCORE === "full";

/** @param tenth where a tenth of `full` would still take long, or is too few to say anything */
export const size = (full: number, tenth = Math.ceil(full / 10)): number => (isFull ? full : tenth);

/** A check of the scoreboard, as a test: it fails where a target is missed. @param run returns a finding for each of `lines` */
export function scored(lines: LineNumber[], withinMs: number, run: () => Promise<Finding[]>): void {
  test(
    `scoreboard ${lines.join(", ")}: ${scoreLines[lines[0] as LineNumber].check}`,
    async () => {
      const started = performance.now();
      const secondsNow = () => Math.round((performance.now() - started) / 1000);
      const findings = await run().catch((error) => {
        for (const line of lines) keep({ line, figure: "the check broke off", ok: false, seconds: secondsNow() });
        throw error;
      });
      lines.forEach((line, index) => {
        const { figure, problems } = findings[index] as Finding;
        keep({ line, figure, ok: problems.length === 0, seconds: secondsNow() });
      });
      expect(findings.flatMap(({ problems }) => problems.slice(0, 20))).toEqual([]);
    },
    withinMs,
  );
}

function keep(record: Record): void {
  const { check, target } = scoreLines[record.line];
  const less = isFull ? "" : ", but less";
  console.log(`${record.ok ? "ok" : "MISSED"} ${record.line}. ${check}${less}: ${record.figure} (target: ${target})`);
  if (process.env.SCORE_FILE) appendFileSync(process.env.SCORE_FILE, `${JSON.stringify(record)}\n`);
}

/** @param share 0.99 for the 99th percentile */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
