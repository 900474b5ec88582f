import { readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** CPU seconds a process has used so far, its threads included. Linux only. @see proc(5), fields 14 and 15 of /proc/pid/stat */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Of PostgreSQL each connection is a process of its own; together they are the server. */
export function cpuSecondsOfTree(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return children.reduce((sum, child) => sum + safely(() => cpuSecondsOfTree(Number(child))), cpuSeconds(pid));
}

function safely(read: () => number): number {
  try {
    return read();
  } catch {
    return 0; // it ended meanwhile
  }
}
