import { readdirSync, readFileSync } from "node:fs";

/** What /proc says about a process. */
export type ProcessInfo = { pid: number; parentPid: number; argv: string[]; startedAt: string };

const COMMAND_LINE_CHARS_MAX = 100;

/** The ids of all processes on this machine. */
export function processIds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Whether a process is alive. A zombie is not. */
export function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Whether a process has ended or is ending: it has released its memory. A zombie has, too. */
export function isEnding(pid: number): boolean {
  const memoryBytes = statFields(pid)?.[20];
  return memoryBytes === undefined || memoryBytes === "0";
}

/** A process that is alive, or undefined. Compare `startedAt` too: a pid may be reused. */
export function readProcess(pid: number): ProcessInfo | undefined {
  const fields = statFields(pid);
  if (!fields || fields[0] === "Z") return undefined;
  return {
    pid,
    parentPid: Number(fields[1]),
    startedAt: fields[19] ?? "",
    argv: readText(`/proc/${pid}/cmdline`).split("\0"),
  };
}

/** The command line of a process on one line, at most 100 characters. Empty when the process has ended. */
export function commandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`)
    .replace(/[\0\s]+/g, " ")
    .trim()
    .slice(0, COMMAND_LINE_CHARS_MAX);
}

/** The text of a file; empty when it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The fields of /proc/<pid>/stat after the program's name: state, parent, … */
function statFields(pid: number): string[] | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
