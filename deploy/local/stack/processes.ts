import { cpus } from "node:os";
import { join } from "node:path";
import { envoyArgs } from "../../../envoy/command-line";
import { endpointFiles, resetEndpoints } from "../../../envoy/endpoints";
import { renderEnvoy } from "../../../envoy/render";
import type { ServiceName } from "../../../services/_contracts/services";
import { type EnvSource, sandboxEnv, serviceEnv } from "../config/env";
import type { StackPaths } from "../config/paths";
import { instancePort } from "../config/ports";
import { baseEnv } from "../process/spawn";
import type { Supervised } from "../process/supervise";
import type { trackEndpoints } from "./endpoints";

/** One instance of a service; Envoy learns of it when it is ready and forgets it before it is stopped. */
export function serviceSpec(
  source: EnvSource,
  service: ServiceName,
  index: number,
  options: { sourceDir: string; endpoints: ReturnType<typeof trackEndpoints> },
): Supervised {
  const port = instancePort(source.ports, service, index);
  return {
    name: `${service}-${index}`,
    command: [process.execPath, join(options.sourceDir, "services", service, "main.ts")],
    env: serviceEnv(source, service, index),
    cwd: options.sourceDir,
    stopSignal: "SIGTERM",
    ready: () => answersOk(`http://127.0.0.1:${port}/ready`),
    readyTimeoutMs: 60_000,
    onReady: () => options.endpoints.add(service, port),
    onDown: () => options.endpoints.remove(service, port),
  };
}

export function sandboxSpec(source: EnvSource, sourceDir: string): Supervised {
  return {
    name: "sandbox",
    command: [process.execPath, join(sourceDir, "deploy/sandbox/main.ts")],
    env: sandboxEnv(source),
    cwd: sourceDir,
    stopSignal: "SIGTERM",
    ready: () => answers(`http://127.0.0.1:${source.ports.sandbox}/inbox`),
    readyTimeoutMs: 60_000,
  };
}

/** Writes Envoy's configuration and says how to run it. */
export async function envoySpec(binary: string, layout: StackPaths, { ports, appEnv }: EnvSource): Promise<Supervised> {
  const issuer = `http://localhost:${ports.edge}`;
  const allowedOrigins = [issuer, `http://127.0.0.1:${ports.edge}`];
  // Tests and benchmarks are many customers behind one address.
  const limits = appEnv === "dev" ? undefined : { perAddressPerSecond: 1_000_000, authPerMinute: 100_000 };
  const configDir = layout.envoy;
  await resetEndpoints(configDir);
  await renderEnvoy(configDir, {
    ...{ configDir, ports, issuer, allowedOrigins, limits },
    discovery: endpointFiles(configDir),
    accessLogPath: join(configDir, "access.log"),
  });
  const concurrency = Math.min(2, cpus().length);
  return {
    name: "envoy",
    // The base id names Envoy's shared memory: two stacks on one machine need two.
    command: [binary, ...envoyArgs({ configDir, baseId: ports.edge, concurrency })],
    env: baseEnv(),
    cwd: layout.dataDir,
    stopSignal: "SIGTERM",
    ready: () => answersOk(`http://127.0.0.1:${ports.admin}/ready`),
    readyTimeoutMs: 30_000,
  };
}

export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.ok;
}

async function answers(url: string): Promise<boolean> {
  await fetch(url, { signal: AbortSignal.timeout(2000) });
  return true;
}
