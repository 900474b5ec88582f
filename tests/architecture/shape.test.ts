import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { serviceNames } from "../../services/_contracts/services";

const root = join(import.meta.dir, "../..");
const filesMax = 20;

/** The source files below the project's folders, by folder. Tests and generated migrations do not count. */
async function sourceFilesByFolder(): Promise<Map<string, string[]>> {
  const folders = new Map<string, string[]>();
  for await (const path of new Glob("{services,deploy,envoy,bench,tests}/**/*.ts").scan(root)) {
    if (/\.test\.ts$|\/node_modules\/|\/migrations\//.test(path)) continue;
    folders.set(dirname(path), [...(folders.get(dirname(path)) ?? []), path]);
  }
  return folders;
}

test(`no folder has more than ${filesMax} source files`, async () => {
  const folders = await sourceFilesByFolder();
  expect(folders.size).toBeGreaterThan(30);
  const tooLarge = [...folders].filter(([, files]) => files.length > filesMax);
  expect(tooLarge.map(([folder, files]) => `${folder}: ${files.length} source files`)).toEqual([]);
});

describe("the registry of services", () => {
  test("lists exactly the folders below services, except those with a leading underscore", async () => {
    const entries = await readdir(join(root, "services"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("_"));
    expect(folders.map(({ name }) => name).toSorted()).toEqual(serviceNames.toSorted());
  });

  test.each(serviceNames)("%s has main.ts, config.ts and deps.ts", async (service) => {
    for (const file of ["main.ts", "config.ts", "deps.ts"])
      expect({ file, exists: await Bun.file(join(root, "services", service, file)).exists() }).toEqual({
        file,
        exists: true,
      });
  });
});
