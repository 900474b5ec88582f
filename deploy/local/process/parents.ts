import { readFileSync } from "node:fs";
import { basename } from "node:path";

type Process = { pid: number; parent: number; argv: string[]; startedAt: string };

/**
 * Calls `gone` when one of the programs between us and the user's shell ends: `npx` → `sh` → `bun run` → `sh` → us. Those
 * do not all pass a signal on, so `kill` of the one that the user started would otherwise leave us running alone.
 * Somebody's own shell or script above them is not watched: to be started in the background is allowed.
 */
export function watchParents(gone: (wrapper: string) => void): () => void {
  const chain = wrappers();
  const timer = setInterval(() => {
    const dead = chain.find(({ pid, startedAt }) => read(pid)?.startedAt !== startedAt);
    if (!dead) return;
    clearInterval(timer);
    gone(basename(dead.argv[0] ?? "the wrapper"));
  }, 300);
  timer.unref();
  return () => clearInterval(timer);
}

function wrappers(): Process[] {
  const chain: Process[] = [];
  for (let next = read(process.ppid); next && isWrapper(next); next = read(next.parent)) chain.push(next);
  // A shell at the top was not started by a wrapper: it is the user's own, unless it runs the package's script.
  while (chain.length > 0 && isShell(chain.at(-1)!) && !runsScript(chain.at(-1)!)) chain.pop();
  return chain;
}

function isWrapper(process: Process): boolean {
  return /^(bun|bunx|node|npm|npx)\b/.test(basename(process.argv[0] ?? "")) || isShell(process);
}

function isShell({ argv }: Process): boolean {
  return /^-?(sh|dash|bash)$/.test(basename(argv[0] ?? "")) && argv[1] === "-c";
}

function runsScript({ argv }: Process): boolean {
  return argv[2]?.includes("deploy/local/cli/dev.ts") ?? false;
}

function read(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined;
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return { pid, parent: Number(fields[1]), startedAt: fields[19] ?? "", argv };
  } catch {
    return undefined;
  }
}
