import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Glob, type Subprocess } from "bun";
import { Redis } from "ioredis";
import { bullConnection } from "../stores/redis";
import { eventually } from "./eventually";

export type TestRedis = {
  url: string;
  start(): Promise<void>;
  /** As when its machine loses power. What it wrote to its log stays. */
  kill(): Promise<void>;
  /** Takes no command and closes no connection, until `resume`. */
  hang(): void;
  resume(): void;
  stop(): Promise<void>;
};

/** A Redis of the test's own, to be killed and started again; the one the tests share must not be. */
export async function testRedisServer(): Promise<TestRedis> {
  const port = await freePort();
  const dir = join(tmpdir(), `shop-test-redis-${port}`);
  const url = `redis://127.0.0.1:${port}`;
  const binary = await serverBinary();
  let server: Subprocess | undefined;
  const kill = async () => {
    server?.kill("SIGKILL");
    await server?.exited;
    server = undefined;
  };
  return {
    url,
    async start() {
      await Bun.write(join(dir, "redis.conf"), "");
      const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--save", ""];
      server = Bun.spawn([binary, join(dir, "redis.conf"), ...options, "--appendfsync", "always"], {
        stdout: "ignore",
        stderr: "ignore",
      });
      await eventually(() => answers(url));
    },
    kill,
    hang: () => server?.kill("SIGSTOP"),
    resume: () => server?.kill("SIGCONT"),
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis({ ...bullConnection(url), lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } finally {
    client.disconnect();
  }
}

/** Where the launcher keeps the servers it has fetched. */
async function serverBinary(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shop-servers");
  for await (const path of new Glob("redis-*/redis-server").scan({ cwd: cache, absolute: true })) return path;
  throw new Error('no Redis server has been fetched: run tests with "bun run test [path]"');
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
