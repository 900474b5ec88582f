import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stackPaths } from "../config/paths";
import { endOrphans } from "./orphans";
import { isAlive } from "./proc";
import { DATA_DIR_VARIABLE } from "./spawn";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shop-orphans-"));
  for (const name of ["service", "postgres", "editor"]) {
    await writeFile(join(folder, name), "#!/bin/sh\nread _\n", { mode: 0o755 });
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts a program that waits for input and starts no other. */
function startProgram(name: "service" | "postgres" | "editor", args: string[], env: Record<string, string> = {}) {
  const command = [join(folder, name), ...args];
  const child = Bun.spawn(command, { cwd: "/", env: { PATH: process.env.PATH, ...env }, stdin: "pipe" });
  return { pid: child.pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}

test("a process of the stack is known by its environment", async () => {
  const paths = stackPaths(0, folder);
  using ours = startProgram("service", [], { [DATA_DIR_VARIABLE]: paths.dataDir });
  using other = startProgram("service", [], { [DATA_DIR_VARIABLE]: stackPaths(1, folder).dataDir });
  expect(await endOrphans(paths)).toBe(1);
  expect([isAlive(ours.pid), isAlive(other.pid)]).toEqual([false, true]);
});

test("a server whose environment cannot be read is known by its arguments, another program is not", async () => {
  const paths = stackPaths(0, folder);
  using server = startProgram("postgres", ["-D", paths.pg]);
  using editor = startProgram("editor", [paths.pg]);
  using neighbour = startProgram("postgres", ["-D", stackPaths(1, folder).pg]);
  expect(await endOrphans(paths)).toBe(1);
  expect([server, editor, neighbour].map(({ pid }) => isAlive(pid))).toEqual([false, true, true]);
});
