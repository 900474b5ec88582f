import { lookup } from "node:dns/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { envoyArgs } from "../../../envoy/command-line";
import type { EdgeOptions } from "../../../envoy/config";
import { endpointFiles, type Instance, resetEndpoints, writeEndpoints } from "../../../envoy/endpoints";
import { renderEnvoy } from "../../../envoy/render";
import type { EnvSource } from "../config/env";
import type { StackPaths } from "../config/paths";
import { baseEnv } from "../process/spawn";
import type { SupervisedSpec } from "../process/supervise";
import { UserError } from "../user-error";
import { answersOk } from "./processes";

/** The edge's options in development and tests. Those for containers are in envoy/targets.ts. */
export function localEdge(
  configDir: string,
  { ports, appEnv, collectorUrl }: Pick<EnvSource, "ports" | "appEnv" | "collectorUrl">,
): EdgeOptions {
  const issuer = `http://localhost:${ports.edge}`;
  return {
    ...{ configDir, ports, issuer },
    allowedOrigins: [issuer, `http://127.0.0.1:${ports.edge}`],
    // In tests and benchmarks many customers share one address.
    limits: appEnv === "dev" ? undefined : { perAddressPerSecond: 1_000_000, authPerMinute: 100_000 },
    discovery: endpointFiles(configDir),
    accessLogPath: join(configDir, "access.log"),
    traceSamplePercent: collectorUrl ? 100 : 0,
  };
}

/** Writes Envoy's configuration and returns how to run it. */
export async function envoySpec(binary: string, paths: StackPaths, source: EnvSource): Promise<SupervisedSpec> {
  const { ports, collectorUrl } = source;
  const configDir = paths.envoy;
  await resetEndpoints(configDir);
  if (collectorUrl) await writeEndpoints(configDir, "collector", [await resolveCollector(collectorUrl)]);
  await renderEnvoy(configDir, localEdge(configDir, source));
  return {
    name: "envoy",
    command: [binary, ...envoyArgs(configDir), "--concurrency", String(Math.min(2, cpus().length))],
    env: baseEnv(),
    cwd: paths.dataDir,
    stopSignal: "SIGTERM",
    ports: [
      { name: "edge", port: ports.edge },
      { name: "admin", port: ports.admin },
      { name: "ops", port: ports.ops },
    ],
    ready: () => answersOk(`http://127.0.0.1:${ports.admin}/ready`),
    readyTimeoutMs: 30_000,
  };
}

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
