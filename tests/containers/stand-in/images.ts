import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { serverBinaries } from "../../../deploy/local/binaries/servers";
import { postgresBinaries } from "../../../deploy/local/stores/postgres-binaries";
import { fillArm64Bun, fillArm64Envoy } from "./arm64";
import { type Rootfs, STORE_UID } from "./rootfs";

/** An image that cannot be pulled here, and what takes its place under the same name. */
type StandIn = {
  /** Adds the programs to a root file system that has accounts and certificates only. */
  fill: (rootfs: Rootfs) => Promise<void>;
  /** Instructions of a Dockerfile: the configuration of the image. */
  config: string[];
  /** The architecture, if it is not this machine's. */
  arch?: "arm64";
};

const SHELL = [
  "sh",
  "bash",
  "env",
  "cat",
  "ls",
  "mkdir",
  "chown",
  "chmod",
  "cp",
  "mv",
  "rm",
  "ln",
  "id",
  "stat",
].concat(
  ["sleep", "date", "head", "tail", "tr", "cut", "wc", "sort", "find", "grep", "sed", "hostname", "touch", "timeout"],
  ["true", "false", "test", "dirname", "basename", "readlink", "setpriv", "uname", "tee", "printf", "echo", "kill"],
);
const CERTIFICATES = "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt";
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const bunConfig = [`ENV ${PATH}`, 'ENTRYPOINT ["/usr/local/bin/bun"]'];
const envoyConfig = [
  `ENV ${PATH}`,
  "USER 65532:65532",
  'ENTRYPOINT ["/usr/local/bin/envoy"]',
  'CMD ["-c","/etc/envoy/envoy.yaml"]',
];

export const standIns: Record<string, StandIn> = {
  "docker.io/oven/bun:1.4.5": {
    fill: async (rootfs) => {
      await rootfs.commands(SHELL);
      await rootfs.program(process.execPath, "/usr/local/bin/bun");
    },
    config: [`ENV ${PATH}`, `ENV ${CERTIFICATES}`, "WORKDIR /home/bun/app"],
  },
  "docker.io/oven/bun:1.4.5-distroless": {
    fill: (rootfs) => rootfs.program(process.execPath, "/usr/local/bin/bun"),
    config: bunConfig,
  },
  "docker.io/envoyproxy/envoy:distroless-v1.40.0": {
    fill: async (rootfs) => {
      const { envoy } = await serverBinaries(["envoy"], console.log);
      await rootfs.program(envoy, "/usr/local/bin/envoy");
    },
    config: envoyConfig,
  },
  // For the other platform: nothing of them runs here.
  "localhost/stand-in/bun:1.4.5-distroless-arm64": { fill: fillArm64Bun, config: bunConfig, arch: "arm64" },
  "localhost/stand-in/envoy:distroless-v1.40.0-arm64": { fill: fillArm64Envoy, config: envoyConfig, arch: "arm64" },
  "docker.io/library/postgres:18.4": {
    fill: async (rootfs) => {
      await entrypoint(rootfs, "postgres.sh");
      const native = dirname(await postgresBinaries(undefined));
      for (const name of await readdir(join(native, "bin")))
        await rootfs.program(join(native, "bin", name), `/usr/lib/postgresql/18/bin/${name}`);
      for (const folder of ["lib", "share"])
        await copyTree(rootfs, join(native, folder), `/usr/lib/postgresql/18/${folder}`);
      for (const name of ["psql", "pg_isready"]) await rootfs.program(await postgresClient(name), `/usr/bin/${name}`);
      await rootfs.dataFolder("/var/lib/postgresql");
      await rootfs.dataFolder("/run/postgresql");
    },
    config: [
      "ENV PATH=/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "ENV PGDATA=/var/lib/postgresql/18/docker",
      ...storeConfig("postgres", "/var/lib/postgresql", 5432),
      "STOPSIGNAL SIGINT",
    ],
  },
  "docker.io/library/mongo:8.0": {
    fill: async (rootfs) => {
      await entrypoint(rootfs, "mongo.sh");
      const { mongo } = await serverBinaries(["mongo"], console.log);
      await rootfs.program(mongo, "/usr/bin/mongod");
      await rootfs.program(process.execPath, "/usr/bin/mongosh-bun");
      const bundle = await Bun.build({ entrypoints: [join(import.meta.dir, "mongosh.ts")], target: "bun" });
      const script = await (bundle.outputs[0] as Blob).text();
      await rootfs.text("/usr/bin/mongosh", `#!/usr/bin/mongosh-bun\n${script}`, 0o755);
      for (const folder of ["/data/db", "/data/configdb"]) await rootfs.dataFolder(folder);
    },
    config: [`ENV ${PATH}`, ...storeConfig("mongod", "/data/db", 27017), "VOLUME /data/configdb"],
  },
  "docker.io/library/redis:8.2": {
    fill: async (rootfs) => {
      await entrypoint(rootfs, "redis.sh");
      const { redis } = await serverBinaries(["redis"], console.log);
      await rootfs.program(redis, "/usr/bin/redis-server");
      await rootfs.commands(["redis-cli"]);
      await rootfs.dataFolder("/data");
    },
    config: [`ENV ${PATH}`, ...storeConfig("redis-server", "/data", 6379), "WORKDIR /data"],
  },
};

function storeConfig(command: string, volume: string, port: number): string[] {
  return ['ENTRYPOINT ["docker-entrypoint.sh"]', `CMD ["${command}"]`, `VOLUME ${volume}`, `EXPOSE ${port}`];
}

async function entrypoint(rootfs: Rootfs, script: string): Promise<void> {
  await rootfs.commands(SHELL);
  const text = await Bun.file(join(import.meta.dir, "entrypoints", script)).text();
  await rootfs.text("/usr/local/bin/docker-entrypoint.sh", text.replaceAll("STORE_UID", String(STORE_UID)), 0o755);
}

async function copyTree(rootfs: Rootfs, from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    await rootfs.file(path, path.replace(from, to));
  }
}

/** Debian keeps PostgreSQL's clients beside the server; the ones on the PATH are scripts that look for them. */
async function postgresClient(name: string): Promise<string> {
  const [path] = await Array.fromAsync(
    new Bun.Glob(`usr/lib/postgresql/*/bin/${name}`).scan({ cwd: "/", absolute: true }),
  );
  if (!path) throw new Error(`${name} is not installed (Debian: apt-get install postgresql-client)`);
  return path;
}
