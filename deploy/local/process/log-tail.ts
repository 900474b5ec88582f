import { statSync } from "node:fs";

const TAIL_BYTES = 16_384;
const LINE_CHARS_MAX = 300;

/** The size of a log in bytes; 0 when it does not exist. Marks where the output of a new process begins. */
export function logSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The text of a log from byte `from` on. All of it when the log was rotated since. */
export async function readLog(path: string, from: number): Promise<string> {
  const size = logSize(path);
  return size === 0
    ? ""
    : await Bun.file(path)
        .slice(from > size ? 0 : from)
        .text();
}

/** The last lines of a log from byte `from` on, indented for a message about a failed process. */
export async function lastLines(path: string, { count = 12, from = 0 } = {}): Promise<string> {
  const text = await readLog(path, Math.max(from, logSize(path) - TAIL_BYTES));
  if (text === "") return "    (nothing was logged)";
  const lines = text.trimEnd().split("\n").slice(-count);
  return lines.map((line) => `    ${line.slice(0, LINE_CHARS_MAX)}`).join("\n");
}
