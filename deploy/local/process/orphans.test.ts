import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stackPaths } from "../config/paths";
import { endOrphans } from "./orphans";
import { isAlive } from "./proc";
import { DATA_DIR_VARIABLE } from "./spawn";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shop-orphans-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts a program with this name, which sleeps. */
async function startProgram(name: string, args: string[], env: Record<string, string> = {}) {
  const file = join(folder, name);
  await writeFile(file, "#!/bin/sh\nwhile :; do sleep 0.1; done\n");
  await chmod(file, 0o755);
  const child = Bun.spawn([file, ...args], { cwd: "/", env: { PATH: process.env.PATH, ...env }, stdin: "ignore" });
  return { pid: child.pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}

test("a process of the stack is known by its environment", async () => {
  const paths = stackPaths(0, folder);
  using ours = await startProgram("service", [], { [DATA_DIR_VARIABLE]: paths.dataDir });
  using other = await startProgram("service", [], { [DATA_DIR_VARIABLE]: stackPaths(1, folder).dataDir });
  expect(await endOrphans(paths)).toBeGreaterThan(0); // its `sleep` may count too
  expect([isAlive(ours.pid), isAlive(other.pid)]).toEqual([false, true]);
});

test("a server whose environment cannot be read is known by its arguments, another program is not", async () => {
  const paths = stackPaths(0, folder);
  using server = await startProgram("postgres", ["-D", paths.pg]);
  using editor = await startProgram("editor", [paths.pg]);
  using neighbour = await startProgram("postgres", ["-D", stackPaths(1, folder).pg]);
  expect(await endOrphans(paths)).toBe(1);
  expect([server, editor, neighbour].map(({ pid }) => isAlive(pid))).toEqual([false, true, true]);
});
