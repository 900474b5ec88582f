import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portsAt } from "../../../deploy/local/config/ports";
import { baseEnv } from "../../../deploy/local/process/spawn";
import { serviceNames } from "../../../services/_contracts/services";
import { findTool } from "../../runner/tools";
import type { Engine } from "./engine";

const root = join(import.meta.dir, "../../..");

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
    const child = Bun.spawn(
      [findTool("docker-compose") as string, "--project-name", name, "-f", "compose.yaml", "-f", override, ...args],
      {
        cwd: root,
        env: { ...env, ...o.env, DOCKER_HOST: o.attached ? engine.attachHost : engine.dockerHost },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { ok: (await child.exited) === 0, text: out + err };
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

/** Publishes what the end-to-end tests look into, and removes what podman 4.3 does not know. */
async function overrideFor(offset: number): Promise<string> {
  const ports = portsAt(offset);
  const published: [string, number, number][] = [
    ...serviceNames.map((name): [string, number, number] => [name, ports[name], 3000]),
    ["postgres", ports.postgres, 5432],
    ["mongo", ports.mongo, 27017],
    ["redis", ports.redis, 6379],
  ];
  const { services } = Bun.YAML.parse(await Bun.file(join(root, "compose.yaml")).text()) as { services: object };
  return [
    "services:",
    ...Object.keys(services).map((name) => {
      const service = serviceNames.some((each) => name === each || name === `${each}-2`);
      const port = published.find(([each]) => each === name);
      const fields = [
        "logging: !reset null",
        ...(service ? ["healthcheck: { start_interval: !reset null }"] : []),
        ...(port ? [`networks: { front: {} }, ports: ["127.0.0.1:${port[1]}:${port[2]}"]`] : []),
      ];
      return `  ${name}: { ${fields.join(", ")} }`;
    }),
    "",
  ].join("\n");
}
