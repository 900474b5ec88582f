import { licenceProblems } from "../deploy/images/licences";
import { staleNetworkFiles } from "../deploy/network/generate";
import { stalePublications } from "../services/_contracts/publish";
import { validateEdge } from "./support/edge/validate";
import { lintDockerfile } from "./support/lint-dockerfile";
import { validateManifests } from "./support/validate-manifests";

/** `bun run check`: the static checks. Exits with 1 if one of them fails. */
const bun = process.execPath;
const tool = (name: string, ...args: string[]) => [bun, "--bun", "x", name, ...args];

const checks: { name: string; run: () => Promise<string | undefined> }[] = [
  // TypeScript 7 checks the types. TypeScript 6 is installed for the tools that need its API.
  { name: "types", run: command([bun, "node_modules/@typescript/native/bin/tsc", "--noEmit", "-p", "."]) },
  { name: "lint and format", run: command(tool("biome", "check", "--error-on-warnings", ".")) },
  {
    name: "boundaries",
    run: command(
      tool("depcruise", "--config", ".dependency-cruiser.cjs", "services", "deploy", "envoy", "bench", "tests"),
    ),
  },
  { name: "dead code", run: command(tool("knip")) },
  { name: "edge configuration", run: validateEdge },
  { name: "network policies and mesh", run: staleNetworkFiles },
  { name: "Kubernetes manifests", run: validateManifests },
  { name: "published messages", run: stalePublications },
  { name: "Dockerfile", run: lintDockerfile },
  { name: "licences", run: licenceProblems },
];

function command(argv: string[]): () => Promise<string | undefined> {
  return async () => {
    const child = Bun.spawn(argv, { stdio: ["ignore", "pipe", "pipe"] });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return (await child.exited) === 0 ? undefined : `${out}${err}`;
  };
}

let failed = 0;
for (const check of checks) {
  const started = performance.now();
  const problem = await check.run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problem === undefined ? "ok    " : "FAILED"} ${check.name} (${seconds} s)`);
  if (problem === undefined) continue;
  failed++;
  console.log(problem);
}
process.exit(failed === 0 ? 0 : 1);
