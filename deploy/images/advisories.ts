import { runToEnd } from "../local/process/run-to-end";
import accepted from "./accepted-advisories.json";
import { root } from "./programs";

/**
 * `bun run audit`: asks the registry for known vulnerabilities in what bun.lock lists. Fails for each advisory that is not
 * in accepted-advisories.json, which has the reason why it does not concern us by the advisory's id (GHSA-…), and for each
 * one there that is not reported any more.
 */
type Advisory = { url: string; title: string; severity: string; vulnerable_versions: string };

/** @returns a line for each problem. @throws Error if the registry does not answer */
export async function auditProblems(reasons: Record<string, string>, env = process.env): Promise<string[]> {
  // It exits with 1 if there are advisories.
  const { out, err } = await runToEnd([process.execPath, "audit", "--json"], { cwd: root, env });
  if (!out.trim()) throw new Error(`the registry could not be asked for advisories: ${err.trim().split("\n").at(-1)}`);
  const found = Object.entries(JSON.parse(out) as Record<string, Advisory[]>).flatMap(([name, advisories]) =>
    advisories.map((advisory) => ({ ...advisory, name, id: advisory.url.split("/").at(-1) as string })),
  );
  const open = found.filter(({ id }) => !reasons[id]);
  const gone = Object.keys(reasons).filter((id) => !found.some((advisory) => advisory.id === id));
  return [
    ...open.map(({ name, id, severity, title, vulnerable_versions: versions }) =>
      [id, severity, `${name} ${versions}:`, title].join(" "),
    ),
    ...gone.map((id) => `${id} is accepted in accepted-advisories.json, but not reported any more`),
  ];
}

if (import.meta.main) {
  const problems = await auditProblems(accepted).catch((error: Error) => [error.message]);
  for (const problem of problems) console.error(problem);
  console.log(`${problems.length} problems, ${Object.keys(accepted).length} accepted advisories`);
  process.exit(problems.length === 0 ? 0 : 1);
}
