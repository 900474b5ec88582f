import { serverBinaries } from "../../deploy/local/binaries/servers";
import { validateEnvoy } from "../../envoy/render";

/** @returns what Envoy finds wrong with the configuration it would run with; undefined if nothing */
export async function validateEdge(): Promise<string | undefined> {
  const { envoy } = await serverBinaries(["envoy"], (line) => console.log(line));
  return validateEnvoy(envoy);
}
