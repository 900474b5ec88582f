import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "../..");

async function cruise(folder: string, ...what: string[]): Promise<{ ok: boolean; text: string }> {
  const config = join(root, ".dependency-cruiser.cjs");
  const binary = join(root, "node_modules/.bin/depcruise");
  const child = Bun.spawn([process.execPath, "--bun", binary, "--config", config, ...what], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = await new Response(child.stdout).text();
  return { ok: (await child.exited) === 0, text };
}

describe("a planted mistake is found", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boundaries-"));
    await writeFile(join(folder, "tsconfig.json"), "{}");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ["a-service-imports-itself-kit-and-contracts-only", "services/order/commands/a.ts", "services/user/main.ts"],
    ["kit-knows-no-business", "services/_kit/a.ts", "services/_contracts/messages.ts"],
    ["contracts-know-the-kit-only", "services/_contracts/a.ts", "services/user/main.ts"],
    ["the-domain-does-no-io", "services/order/domain/a.ts", "services/_kit/redis.ts"],
    ["use-cases-receive-what-they-need", "services/order/commands/b.ts", "services/order/store/orders.ts"],
    ["nothing-imports-the-sandbox", "deploy/local/a.ts", "deploy/sandbox/main.ts"],
    ["tests-help-tests-only", "services/_kit/b.ts", "services/_kit/testing/stores.ts"],
  ])("%s", async (rule, from, to) => {
    const source = `import { it } from "${"../".repeat(from.split("/").length - 1)}${to.replace(/\.ts$/, "")}";\nexport { it };\n`;
    for (const [path, text] of [
      [from, source],
      [to, "export const it = 1;\n"],
    ] as const) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const { ok, text } = await cruise(folder, from);
    await rm(join(folder, from));
    expect(text).toContain(rule);
    expect(ok).toBe(false);
  });
});
