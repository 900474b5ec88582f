import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "redis";
import { serviceNames } from "../../../services/_contracts/services";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";
import { baseEnv } from "../process/spawn";
import type { Supervised } from "../process/supervise";

/**
 * What a service may do: everything but administer the server. BullMQ asks for the server's version (INFO) and lists
 * clients by name; nobody can wipe the data, rewrite the configuration or drop the scripts others are running.
 */
const SERVICE_RIGHTS = "~* &* +@all -@admin -@dangerous +info +client|list -script|flush -script|kill -function";

/** The embedded Redis: keeps its data (AOF), never evicts a job, and has one user per service. */
export async function redisSpec(
  binary: string,
  layout: StackPaths,
  ports: Ports,
  secrets: Secrets,
  adminUrl: string,
): Promise<Supervised> {
  const aclFile = join(layout.dataDir, "redis.acl");
  await mkdir(layout.redis, { recursive: true });
  await writeFile(aclFile, acl(secrets), { mode: 0o600 });
  await chmod(aclFile, 0o600);
  return {
    name: "redis",
    command: [binary, "--port", String(ports.redis), "--bind", "127.0.0.1", "--dir", layout.redis].concat(
      ["--aclfile", aclFile, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
      ["--maxmemory-policy", "noeviction", "--always-show-logo", "no", "--loglevel", "notice"],
    ),
    env: baseEnv(),
    cwd: layout.dataDir,
    stopSignal: "SIGTERM",
    ready: () => redisAnswers(adminUrl),
    readyTimeoutMs: 60_000,
  };
}

function acl(secrets: Secrets): string {
  const line = (name: string, password: string, rights: string) =>
    `user ${name} on #${createHash("sha256").update(password).digest("hex")} ${rights}`;
  return [
    "user default off",
    line("admin", secrets.redisAdmin, "~* &* +@all"),
    ...serviceNames.map((service) => line(service, secrets.stores[service].redis, SERVICE_RIGHTS)),
    "",
  ].join("\n");
}

/** False while Redis is still loading its data. */
export async function redisAnswers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 3000 } });
  client.on("error", () => {}); // the rejected promise says the same
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } finally {
    client.destroy();
  }
}
