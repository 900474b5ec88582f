import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installOnce } from "./install-once";

const parent = await mkdtemp(join(tmpdir(), "shop-install-"));
afterAll(() => rm(parent, { recursive: true }));

test("callers that need the same installation at the same time share it", async () => {
  const target = join(parent, "tool-1");
  let fills = 0;
  const fill = async (_temporary: string, content: string) => {
    fills++;
    await writeFile(join(content, "binary"), "x");
  };
  await Promise.all(Array.from({ length: 5 }, () => installOnce(target, fill)));
  await installOnce(target, fill);
  expect(fills).toBe(1);
  expect(await readdir(parent)).toEqual(["tool-1"]);
});

test("after one that failed, the next caller tries again", async () => {
  const target = join(parent, "tool-2");
  const failing = installOnce(target, () => Promise.reject(new Error("no network")));
  await expect(failing).rejects.toThrow("no network");
  await installOnce(target, (_temporary, content) => writeFile(join(content, "binary"), "x"));
  expect(await readdir(target)).toEqual(["binary"]);
});
