import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portsAt } from "../../../deploy/local/config/ports";
import { runToEnd } from "../../../deploy/local/process/run-to-end";
import { baseEnv } from "../../../deploy/local/process/spawn";
import { serviceNames } from "../../../services/_contracts/services";
import { findTool } from "../../runner/tools";
import type { Engine } from "./engine";

const root = join(import.meta.dir, "../../..");

/** The first three bytes of the addresses in the network of the stores. */
const storeNetwork = "10.91.7";

type Result = { ok: boolean; text: string };

/** A project of Docker Compose with the repository's compose.yaml, its own name, ports and folder of secrets. */
export async function openProject(engine: Engine, offset: number) {
  const folder = await mkdtemp(join(tmpdir(), "compose-"));
  const secrets = await mkdtemp(join(folder, "secrets-"));
  const override = join(folder, "override.yaml");
  await writeFile(override, await overrideFor(offset));
  const name = `shop-test-${offset}`;
  const ports = portsAt(offset);
  const env = {
    ...baseEnv(),
    SECRETS_FOLDER: secrets,
    SANDBOX_APP_ENV: "test",
    SHOP_PORT: String(ports.edge),
    SANDBOX_PORT: String(ports.sandbox),
  };

  async function compose(
    args: string[],
    o: { env?: Record<string, string>; attached?: boolean } = {},
  ): Promise<Result> {
    const { ok, out, err } = await runToEnd(
      [findTool("docker-compose") as string, "--project-name", name, "-f", "compose.yaml", "-f", override, ...args],
      { cwd: root, env: { ...env, ...o.env, DOCKER_HOST: o.attached ? engine.attachHost : engine.dockerHost } },
    );
    return { ok, text: out + err };
  }

  return {
    name,
    secrets,
    compose,
    /** Runs in the background, as `docker compose up -d` does. Ends when everything is up. */
    up: (...args: string[]) => compose([...args, "up", "--detach"]),
    /** Removes containers, networks and volumes. */
    clear: () => compose(["--profile", "*", "down", "--volumes", "--timeout", "10"]),
    /** By service of compose.yaml: the ids of its running containers, with their start. */
    async running(): Promise<Record<string, string>> {
      const format = '{{index .Labels "com.docker.compose.service"}} {{.ID}} {{.StartedAt}}';
      const lines = await engine.podman(
        "ps",
        "--filter",
        `label=com.docker.compose.project=${name}`,
        "--format",
        format,
      );
      return Object.fromEntries(
        lines.split("\n").flatMap((line) => {
          const [service, ...rest] = line.split(" ");
          return service ? [[service, rest.join(" ")]] : [];
        }),
      );
    },
    volumeFolder: (volume: string) =>
      engine.podman("volume", "inspect", "--format", "{{.Mountpoint}}", `${name}_${volume}`),
    async [Symbol.asyncDispose]() {
      await this.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Project = Awaited<ReturnType<typeof openProject>>;

/** Publishes what the end-to-end tests look into, and replaces what podman 4.3 does not have or not do reliably. */
async function overrideFor(offset: number): Promise<string> {
  const ports = portsAt(offset);
  const stores = [
    { name: "postgres", port: ports.postgres, inside: 5432, address: `${storeNetwork}.201` },
    { name: "mongo", port: ports.mongo, inside: 27017, address: `${storeNetwork}.202` },
    { name: "redis", port: ports.redis, inside: 6379, address: `${storeNetwork}.203` },
  ];
  // While containers start, podman's DNS leaves questions unanswered for seconds.
  const hosts = stores.map(({ name, address }) => `"${name}:${address}"`).join(", ");
  const publish = (port: number, inside: number) => `ports: ["127.0.0.1:${port}:${inside}"]`;
  const compose = Bun.YAML.parse(await Bun.file(join(root, "compose.yaml")).text()) as {
    services: Record<string, { network_mode?: string }>;
  };
  const lines = Object.entries(compose.services).map(([name, { network_mode }]) => {
    const service = serviceNames.find((each) => name === each || name === `${each}-2`);
    const store = stores.find((each) => each.name === name);
    const fields = [
      "logging: !reset null",
      ...(network_mode ? [] : [`extra_hosts: [${hosts}]`]),
      ...(service ? ["healthcheck: { start_interval: !reset null }"] : []),
      ...(service === name ? ["networks: { front: {} }", publish(ports[service], 3000)] : []),
      ...(name === "edge" ? [publish(ports.ops, 9902)] : []),
      ...(store
        ? [`networks: { front: {}, stores: { ipv4_address: ${store.address} } }`, publish(store.port, store.inside)]
        : []),
    ];
    return `  ${name}: { ${fields.join(", ")} }`;
  });
  const network = `networks: { stores: { ipam: { config: [{ subnet: ${storeNetwork}.0/24 }] } } }`;
  return ["services:", ...lines, network, ""].join("\n");
}
