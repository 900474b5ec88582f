import { licenceProblems } from "../deploy/images/licences";
import { serverBinaries } from "../deploy/local/binaries/servers";
import { runToEnd } from "../deploy/local/process/run-to-end";
import { staleNetworkFiles } from "../deploy/network/generate";
import { stalePublications } from "../services/_contracts/publish";
import { validateEdge } from "./support/edge/validate";
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
  {
    name: "Dockerfile",
    async run() {
      const { hadolint } = await serverBinaries(["hadolint"], console.log);
      return command([hadolint, "--no-color", "deploy/images/Dockerfile"])();
    },
  },
  { name: "licences", run: licenceProblems },
];

function command(argv: string[]): () => Promise<string | undefined> {
  return async () => {
    const { ok, out, err } = await runToEnd(argv);
    return ok ? undefined : `${out}${err}`;
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
