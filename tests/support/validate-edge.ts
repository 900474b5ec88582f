import { serverBinaries } from "../../deploy/local/binaries/servers";
import { validateEnvoy } from "../../envoy/validate";

/** Lets Envoy validate the rendered configuration. @returns what Envoy reports; undefined if the configuration is valid */
export async function validateEdge(): Promise<string | undefined> {
  const { envoy } = await serverBinaries(["envoy"], (line) => console.log(line));
  return validateEnvoy(envoy);
}
