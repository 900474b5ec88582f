import { expect, test } from "bun:test";
import { join } from "node:path";

test("bun run check finds no problem", async () => {
  const child = Bun.spawn([process.execPath, "tests/check.ts"], {
    cwd: join(import.meta.dir, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await new Response(child.stdout).text();
  expect(output).not.toContain("FAILED");
  expect(await child.exited).toBe(0);
});
