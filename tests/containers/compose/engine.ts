import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../../../deploy/local/process/run-to-end";
import { eventually } from "../../support/eventually";

const config = `
[network]
network_backend = "netavark" # has DNS for the names of containers
[engine]
runtime = "runc"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
`;

/** podman in the place of Docker: its API at two addresses for Docker Compose, and what Docker itself does all the time. */
export async function startEngine() {
  const dns = ["/usr/lib/podman/aardvark-dns", "/usr/libexec/podman/aardvark-dns"];
  if (!dns.some(existsSync)) throw new Error("containers have no DNS. Debian: apt-get install netavark aardvark-dns");
  const folder = await mkdtemp(join(tmpdir(), "engine-"));
  const configFile = join(folder, "containers.conf");
  await writeFile(configFile, config);
  const env = { ...process.env, CONTAINERS_CONF: configFile };
  const socket = join(folder, "podman.sock");
  const service = Bun.spawn(["podman", "system", "service", "--time=0", `unix://${socket}`], {
    env,
    stdio: ["ignore", "ignore", Bun.file(join(folder, "log"))],
  });
  const proxy = startProxy(join(folder, "docker.sock"), socket);

  async function podman(...args: string[]): Promise<string> {
    const { ok, out, err } = await runToEnd(["podman", ...args], { env });
    if (!ok) throw new Error(`podman ${args[0]} failed: ${err.trim()}`);
    return out.trim();
  }
  let closing = false;
  const checking = (async () => {
    while (!closing) {
      await checkHealth(podman).catch(() => {}); // a container may have ended meanwhile
      await Bun.sleep(1_000);
    }
  })();
  await eventually(() => fetch("http://podman/_ping", { unix: socket }));
  return {
    podman,
    /** For commands that attach to containers, which the proxy cannot pass on. */
    attachHost: `unix://${socket}`,
    dockerHost: `unix://${proxy.socket}`,
    async [Symbol.asyncDispose]() {
      closing = true;
      await checking;
      proxy.stop();
      service.kill();
      await service.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Engine = Awaited<ReturnType<typeof startEngine>>;

/** Without systemd, podman does not run the health checks of its containers. */
async function checkHealth(podman: (...args: string[]) => Promise<string>): Promise<void> {
  const filter = ["--filter", "label=com.docker.compose.project", "--filter", "health=starting"];
  const ids = await podman("ps", "--quiet", ...filter);
  for (const id of ids.split("\n").filter(Boolean)) await podman("healthcheck", "run", id).catch(() => {});
}

type Network = { Name: string; Id: string };

/**
 * Gives the networks of a container the ids that Docker gives them. podman 4.3 gives their names, and Compose then takes
 * every running container for one of another network and makes it again.
 */
function startProxy(socket: string, upstream: string) {
  const networkIds = async () => {
    const networks = (await (await fetch("http://podman/networks", { unix: upstream })).json()) as Network[];
    return new Map(networks.map(({ Name, Id }) => [Name, Id]));
  };
  const server = Bun.serve({
    unix: socket,
    development: false,
    async fetch(request, self) {
      self.timeout(request, 0);
      const { pathname, search } = new URL(request.url);
      const body = request.body ? await request.arrayBuffer() : undefined;
      const { method, headers } = request;
      const response = await fetch(`http://podman${pathname}${search}`, { method, headers, body, unix: upstream });
      if (!pathname.endsWith("/containers/json")) return response;
      const containers = (await response.json()) as { NetworkSettings: { Networks?: Record<string, object> } }[];
      const ids = await networkIds();
      for (const { NetworkSettings } of containers) {
        for (const [name, network] of Object.entries(NetworkSettings.Networks ?? {})) {
          Object.assign(network, { NetworkID: ids.get(name) });
        }
      }
      return Response.json(containers);
    },
  });
  return { socket, stop: () => server.stop(true) };
}
