import { readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** CPU seconds that a process and all its descendants have used. PostgreSQL runs each connection in a child process. */
export function cpuSecondsOfTree(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return children.reduce((sum, child) => sum + cpuSecondsOfChild(Number(child)), cpuSeconds(pid));
}

function cpuSecondsOfChild(pid: number): number {
  try {
    return cpuSecondsOfTree(pid);
  } catch {
    return 0; // the child ended after the list was read
  }
}

/** CPU seconds that a process has used, including its threads. Linux only. @see proc(5), fields 14 and 15 of /proc/pid/stat */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
