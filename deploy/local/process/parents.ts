import { basename } from "node:path";
import { type ProcessInfo, readProcess } from "./proc";

const POLL_MS = 300;

/**
 * Calls `onEnd` when a program between the user's shell and the launcher ends: `npx` → `sh` → `bun run` → launcher. Some
 * of them do not pass signals on, so a `kill` of the one that the user started would leave the launcher running. The
 * user's own shell or script above them is not watched: a stack may be started in the background.
 * @returns a function that stops watching
 */
export function watchParents(onEnd: (wrapper: string) => void): () => void {
  const wrappers = findWrappers();
  const timer = setInterval(() => {
    const gone = wrappers.find(({ pid, startedAt }) => readProcess(pid)?.startedAt !== startedAt);
    if (!gone) return;
    clearInterval(timer);
    onEnd(basename(gone.argv[0] ?? "the parent process"));
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function findWrappers(): ProcessInfo[] {
  const chain: ProcessInfo[] = [];
  let next = readProcess(process.ppid);
  while (next && isWrapper(next)) {
    chain.push(next);
    next = readProcess(next.parentPid);
  }
  // A shell at the top is the user's own, unless it runs the script of package.json.
  while (chain.length > 0 && isShell(chain.at(-1)!) && !runsPackageScript(chain.at(-1)!)) chain.pop();
  return chain;
}

function isWrapper(process: ProcessInfo): boolean {
  return /^(bun|bunx|node|npm|npx)\b/.test(basename(process.argv[0] ?? "")) || isShell(process);
}

function isShell({ argv }: ProcessInfo): boolean {
  return /^-?(sh|dash|bash)$/.test(basename(argv[0] ?? "")) && argv[1] === "-c";
}

function runsPackageScript({ argv }: ProcessInfo): boolean {
  return argv[2]?.includes("deploy/local/cli/dev.ts") ?? false;
}
