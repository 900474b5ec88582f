import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverBinaries } from "../../../deploy/local/binaries/servers";
import { resetEndpoints } from "../../../envoy/endpoints";
import { staleEdgeFiles } from "../../../envoy/generate";
import { validateEnvoy } from "../../../envoy/validate";
import { edgeTargets } from "./targets";

/**
 * Compares the committed configuration files with what is rendered, and lets Envoy validate the configuration of every
 * platform. @returns what is wrong; undefined if all is valid
 */
export async function validateEdge(): Promise<string | undefined> {
  const { envoy } = await serverBinaries(["envoy"], (line) => console.log(line));
  const dir = await mkdtemp(join(tmpdir(), "shop-envoy-"));
  try {
    await resetEndpoints(dir);
    const invalid = Object.entries(edgeTargets(dir)).map(async ([target, options], index) => {
      const ownDir = join(dir, String(index));
      await mkdir(ownDir);
      const problem = await validateEnvoy(envoy, ownDir, options);
      return problem && `${target}: ${problem}`;
    });
    const problems = await Promise.all([staleEdgeFiles(), ...invalid]);
    return problems.filter((problem) => problem !== undefined).join("\n") || undefined;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
