import { expect, test } from "bun:test";
import { join } from "node:path";

test("bun run check: types, lint, boundaries, dead code and the edge's configuration", async () => {
  const child = Bun.spawn([process.execPath, "tests/check.ts"], {
    cwd: join(import.meta.dir, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told = await new Response(child.stdout).text();
  expect(told).not.toContain("FAILED");
  expect(await child.exited).toBe(0);
});
