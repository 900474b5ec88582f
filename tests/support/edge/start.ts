import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverBinaries } from "../../../deploy/local/binaries/servers";
import { envoyArgs } from "../../../envoy/command-line";
import { dnsNames } from "../../../envoy/dns";
import { renderEnvoy, writeDocuments } from "../../../envoy/render";
import { composeEdge, type Shop } from "../../../envoy/targets";
import type { ServiceName } from "../../../services/_contracts/services";
import { eventually } from "../eventually";

/** A name that cannot be resolved: RFC 2606 reserves it. */
const unknownName = { host: "nowhere.invalid", port: 3000 };

/**
 * Starts the edge with the options of compose, but on free ports. Its upstreams are `localhost` at these ports. The names
 * of all other upstreams cannot be resolved.
 */
export async function startEdge(upstreams: Partial<Record<ServiceName, number>>, shop: Partial<Shop> = {}) {
  const { envoy } = await serverBinaries(["envoy"], (line) => console.log(line));
  const dir = await mkdtemp(join(tmpdir(), "shop-edge-"));
  const [edge, admin, ops] = freePorts();
  await writeDocuments(dir);
  await renderEnvoy(dir, {
    ...composeEdge({ shopUrl: "https://shop.test", development: true, ...shop }),
    ...{ configDir: dir, documentsDir: dir, accessLogPath: join(dir, "access.log"), ports: { edge, admin, ops } },
    discovery: dnsNames((upstream) => {
      const port = upstreams[upstream as ServiceName];
      return port === undefined ? unknownName : { host: "localhost", port };
    }),
  });
  const child = Bun.spawn([envoy, ...envoyArgs(dir), "--concurrency", "1"], { stdio: ["ignore", "ignore", "ignore"] });
  const opsUrl = `http://127.0.0.1:${ops}`;
  await eventually(async () => child.exitCode === null && (await fetch(`${opsUrl}/ready`)).ok, 30_000);
  return {
    ...{ ports: { edge, admin, ops }, opsUrl, url: `http://127.0.0.1:${edge}` },
    async stop() {
      child.kill();
      await child.exited;
      await rm(dir, { recursive: true });
    },
  };
}

function freePorts(): [number, number, number] {
  const servers = [0, 1, 2].map(() => Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() }));
  const ports = servers.map(({ port }) => port);
  for (const server of servers) server.stop(true);
  return ports as [number, number, number];
}
