import { join } from "node:path";
import type { ServiceName } from "../../../services/_contracts/services";
import { type EnvSource, sandboxEnv, serviceEnv } from "../config/env";
import { instancePort } from "../config/ports";
import type { SupervisedSpec } from "../process/supervise";
import type { trackEndpoints } from "./endpoints";

/** One instance of a service. Envoy sends it requests from when it is ready until just before it is stopped. */
export function serviceSpec(
  source: EnvSource,
  service: ServiceName,
  index: number,
  options: { sourceDir: string; endpoints: ReturnType<typeof trackEndpoints> },
): SupervisedSpec {
  const port = instancePort(source.ports, service, index);
  return {
    name: `${service}-${index}`,
    command: [process.execPath, join(options.sourceDir, "services", service, "main.ts")],
    env: serviceEnv(source, service, index),
    cwd: options.sourceDir,
    stopSignal: "SIGTERM",
    ports: [{ name: `${service}-${index}`, port }],
    ready: () => answersOk(`http://127.0.0.1:${port}/ready`),
    readyTimeoutMs: 60_000,
    onReady: () => options.endpoints.add(service, port),
    onDown: () => options.endpoints.remove(service, port),
  };
}

export function sandboxSpec(source: EnvSource, sourceDir: string): SupervisedSpec {
  return {
    name: "sandbox",
    command: [process.execPath, join(sourceDir, "deploy/sandbox/main.ts")],
    env: sandboxEnv(source),
    cwd: sourceDir,
    stopSignal: "SIGTERM",
    ports: [
      { name: "sandbox", port: source.ports.sandbox },
      { name: "smtp", port: source.ports.smtp },
    ],
    ready: () => answers(`http://127.0.0.1:${source.ports.sandbox}/inbox`),
    readyTimeoutMs: 60_000,
  };
}

/** Whether a GET request is answered with 2xx. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.ok;
}

async function answers(url: string): Promise<boolean> {
  await fetch(url, { signal: AbortSignal.timeout(2000) });
  return true;
}
