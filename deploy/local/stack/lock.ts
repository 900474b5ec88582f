import { createServer } from "node:net";
import type { StackPaths } from "../config/paths";
import { pidIn } from "../process/spawn";
import { UserError } from "../user-error";

/**
 * Makes sure that one launcher at a time works on a data directory. The lock is a socket in Linux's abstract namespace:
 * the kernel frees it when its holder dies, however it dies, so that there are no stale locks to reason about.
 * Gives the function that releases it.
 */
export async function lockDataDir(layout: StackPaths, offset: number): Promise<() => Promise<void>> {
  const server = createServer();
  const name = `\0shop-${Bun.hash(layout.dataDir).toString(16)}`;
  const locked = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(name, () => resolve(true));
  });
  if (!locked) {
    const pid = pidIn(layout.pidFile("launcher"));
    const other = `PORT_OFFSET=${offset + 1000} bun run dev`;
    throw new UserError(
      `this stack is already running${pid ? ` (launcher pid ${pid})` : ""}: stop it with \`bun run down\`, ` +
        `or start a second one beside it: ${other}`,
    );
  }
  server.unref();
  await Bun.write(layout.pidFile("launcher"), String(process.pid));
  return async () => {
    await Bun.file(layout.pidFile("launcher"))
      .delete()
      .catch(() => {});
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
