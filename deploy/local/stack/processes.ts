import { lookup } from "node:dns/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { envoyArgs } from "../../../envoy/command-line";
import { endpointFiles, type Instance, resetEndpoints, writeEndpoints } from "../../../envoy/endpoints";
import { renderEnvoy } from "../../../envoy/render";
import type { ServiceName } from "../../../services/_contracts/services";
import { type EnvSource, sandboxEnv, serviceEnv } from "../config/env";
import type { StackPaths } from "../config/paths";
import { instancePort } from "../config/ports";
import { baseEnv } from "../process/spawn";
import type { SupervisedSpec } from "../process/supervise";
import { UserError } from "../user-error";
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

/** Writes Envoy's configuration and returns how to run it. */
export async function envoySpec(
  binary: string,
  paths: StackPaths,
  { ports, appEnv, collectorUrl }: EnvSource,
): Promise<SupervisedSpec> {
  const issuer = `http://localhost:${ports.edge}`;
  const allowedOrigins = [issuer, `http://127.0.0.1:${ports.edge}`];
  // In tests and benchmarks many customers share one address.
  const limits = appEnv === "dev" ? undefined : { perAddressPerSecond: 1_000_000, authPerMinute: 100_000 };
  const configDir = paths.envoy;
  await resetEndpoints(configDir);
  if (collectorUrl) await writeEndpoints(configDir, "collector", [await resolveCollector(collectorUrl)]);
  await renderEnvoy(configDir, {
    ...{ configDir, ports, issuer, allowedOrigins, limits },
    discovery: endpointFiles(configDir),
    accessLogPath: join(configDir, "access.log"),
    traceSamplePercent: collectorUrl ? 100 : 0,
  });
  const concurrency = Math.min(2, cpus().length);
  return {
    name: "envoy",
    command: [binary, ...envoyArgs({ configDir, concurrency })],
    env: baseEnv(),
    cwd: paths.dataDir,
    stopSignal: "SIGTERM",
    ports: [
      { name: "edge", port: ports.edge },
      { name: "admin", port: ports.admin },
    ],
    ready: () => answersOk(`http://127.0.0.1:${ports.admin}/ready`),
    readyTimeoutMs: 30_000,
  };
}

/** Whether a GET request is answered with 2xx. */
/** Envoy resolves no names in endpoint files. */
async function resolveCollector(url: string): Promise<Instance> {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "http:") {
    throw new UserError(`OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// URL here, not ${url}`);
  }
  const { address } = await lookup(parsed.hostname, { family: 4 }).catch((error) => {
    throw new UserError(`OTEL_EXPORTER_OTLP_ENDPOINT: cannot resolve ${parsed.hostname} (${error.code})`);
  });
  return { address, port: Number(parsed.port || 80) };
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
