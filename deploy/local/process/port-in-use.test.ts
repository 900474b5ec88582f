import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverBinaries } from "../binaries/servers";
import { type StackPaths, stackPaths } from "../config/paths";
import { portsAt } from "../config/ports";
import { loadSecrets } from "../config/secrets";
import { mongoSpec } from "../stores/mongo";
import { redisSpec } from "../stores/redis";
import { holdPort } from "../testing/hold-port";
import { findPortHolder } from "./port-holder";
import { assertNoListeners } from "./port-in-use";
import { baseEnv } from "./spawn";
import { type SupervisedSpec, supervise } from "./supervise";

const ports = portsAt(Number(process.env.TEST_STACK_OFFSET ?? 0) + 60); // beside the stores of this test run
const port = ports.sandbox;
let paths: StackPaths;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shop-ports-"));
  paths = stackPaths(0, folder);
  await mkdir(paths.dataDir, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

/** A small HTTP server as a supervised process. */
const serverSpec = (): SupervisedSpec => ({
  name: "server",
  command: [process.execPath, "-e", `Bun.serve({ port: ${port}, hostname: "127.0.0.1", fetch: () => new Response() })`],
  env: baseEnv(),
  cwd: folder,
  stopSignal: "SIGTERM",
  ports: [{ name: "server", port }],
  ready: async () => (await fetch(`http://127.0.0.1:${port}/`)).ok,
  readyTimeoutMs: 20_000,
});

/** Starts a process, stops it, and returns the error with which the start failed, and what was printed. */
async function start(spec: SupervisedSpec): Promise<{ error: string; printed: string[] }> {
  const printed: string[] = [];
  const process = supervise(spec, paths, (line) => printed.push(line));
  const error = await process.start().then(
    () => "",
    (reason: Error) => reason.message,
  );
  await process.stop(5_000);
  return { error, printed };
}

describe("a port in use", () => {
  test("a listener is named before the start", () => {
    using listener = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() });
    expect(() => assertNoListeners([{ name: "server", port: listener.port! }])).toThrow(
      `port ${port} (server) is in use by pid ${process.pid} (`,
    );
  });

  test("a listener that took the port after the check is named, although it answers", async () => {
    using _listener = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() });
    const { error } = await start(serverSpec());
    expect(error).toStartWith(`port ${port} (server) is in use by pid ${process.pid} (`);
  });

  test("the process with an outgoing connection on the port is named", async () => {
    using holder = await holdPort(port);
    const { error } = await start(serverSpec());
    expect(error).toStartWith(`port ${port} (server) is in use by an outgoing connection of pid ${holder.pid} (`);
    expect(error).not.toContain("\n");
  });

  test("a closed connection is waited for", async () => {
    using _holder = await holdPort(port, { closed: true });
    expect(findPortHolder(port)).toEqual({ kind: "closing" });
    const { error, printed } = await start(serverSpec());
    expect(error).toBe("");
    expect(printed).toEqual([
      `port ${port} (server) is held by a closed connection; waiting for the system to release it, usually within a minute`,
    ]);
  });

  test.each(["mongo", "redis"] as const)(
    "%s names the listener on its port instead of showing its log",
    async (store) => {
      using _listener = Bun.listen({ port: ports[store], hostname: "127.0.0.1", socket: { data: () => {} } });
      const secrets = await loadSecrets(paths.secrets);
      const binaries = await serverBinaries([store], () => {});
      const spec =
        store === "mongo"
          ? await mongoSpec(binaries.mongo, paths, ports, secrets)
          : await redisSpec(binaries.redis, paths, ports, secrets, `redis://127.0.0.1:${ports.redis}`);
      const { error } = await start(spec);
      expect(error).toStartWith(`port ${ports[store]} (${store}) is in use by pid ${process.pid} (`);
    },
  );
});
