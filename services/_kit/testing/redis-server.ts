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
  /** Kills the process, as a power failure does. Its append-only file is kept. */
  kill(): Promise<void>;
  /** Suspends the process until `resume`: connections stay open, commands get no reply. */
  hang(): void;
  resume(): void;
  stop(): Promise<void>;
};

/** A Redis server for one test, which the test may kill and restart. The Redis that all tests share must keep running. */
export async function testRedisServer(): Promise<TestRedis> {
  const port = await findFreePort();
  const dir = join(tmpdir(), `shop-test-redis-${port}`);
  const url = `redis://127.0.0.1:${port}`;
  const binary = await findServerBinary();
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
      await eventually(() => isReady(url));
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

async function isReady(url: string): Promise<boolean> {
  const client = new Redis({ ...bullConnection(url), lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } finally {
    client.disconnect();
  }
}

/** The server that the launcher has downloaded. */
async function findServerBinary(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shop-servers");
  for await (const path of new Glob("redis-*/redis-server").scan({ cwd: cache, absolute: true })) return path;
  throw new Error('no Redis server has been downloaded: run tests with "bun run test [path]"');
}

const findFreePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
