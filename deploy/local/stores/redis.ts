import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "redis";
import { serviceNames } from "../../../services/_contracts/services";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";
import { baseEnv } from "../process/spawn";
import type { SupervisedSpec } from "../process/supervise";

/**
 * The rights of a service: all commands except those that administer the server, wipe the data or drop scripts that
 * other clients run. BullMQ needs INFO for the server's version and CLIENT LIST.
 */
const SERVICE_RIGHTS = "~* &* +@all -@admin -@dangerous +info +client|list -script|flush -script|kill -function";

/** The embedded Redis. Keeps its data in an append-only file, never evicts a job, and has one user for each service. */
export async function redisSpec(
  binary: string,
  paths: StackPaths,
  ports: Ports,
  secrets: Secrets,
  adminUrl: string,
): Promise<SupervisedSpec> {
  const aclFile = join(paths.dataDir, "redis.acl");
  await mkdir(paths.redis, { recursive: true });
  await writeFile(aclFile, redisAcl(secrets), { mode: 0o600 });
  await chmod(aclFile, 0o600);
  return {
    name: "redis",
    command: [binary, "--port", String(ports.redis), "--bind", "127.0.0.1", "--dir", paths.redis].concat(
      ["--aclfile", aclFile, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
      ["--maxmemory-policy", "noeviction", "--always-show-logo", "no", "--loglevel", "notice"],
    ),
    env: baseEnv(),
    cwd: paths.dataDir,
    stopSignal: "SIGTERM",
    ports: [{ name: "redis", port: ports.redis }],
    ready: () => redisAnswers(adminUrl),
    readyTimeoutMs: 60_000,
  };
}

/** The ACL file, with hashed passwords. */
export function redisAcl(secrets: Secrets): string {
  const line = (name: string, password: string, rights: string) =>
    `user ${name} on #${createHash("sha256").update(password).digest("hex")} ${rights}`;
  return [
    "user default off",
    line("admin", secrets.redisAdmin, "~* &* +@all"),
    ...serviceNames.map((service) => line(service, secrets.stores[service].redis, SERVICE_RIGHTS)),
    "",
  ].join("\n");
}

/** Whether Redis answers. False, or an error, while it is loading its data. */
export async function redisAnswers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 3000 } });
  client.on("error", () => {}); // the rejected promise has the same error
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } finally {
    client.destroy();
  }
}
