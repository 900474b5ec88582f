import { createServer } from "node:net";
import type { StackPaths } from "../config/paths";
import { pidIn } from "../process/spawn";
import { UserError } from "../user-error";

/**
 * Ensures that only one launcher at a time works on a data directory. The lock is a socket in Linux's abstract
 * namespace: the kernel releases it when the launcher dies, however it dies, so a lock can never be stale.
 * @param advice what the user can do when the stack is already running; ends the error message
 * @returns a function that releases the lock
 * @throws UserError when another launcher has the lock
 */
export async function lockDataDir(paths: StackPaths, advice: string): Promise<() => Promise<void>> {
  const server = createServer();
  const name = `\0shop-${Bun.hash(paths.dataDir).toString(16)}`;
  const locked = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(name, () => resolve(true));
  });
  if (!locked) {
    const pid = pidIn(paths.pidFile("launcher"));
    throw new UserError(`this stack is already running${pid ? ` (launcher pid ${pid})` : ""}: ${advice}`);
  }
  server.unref();
  await Bun.write(paths.pidFile("launcher"), String(process.pid));
  return async () => {
    await Bun.file(paths.pidFile("launcher"))
      .delete()
      .catch(() => {});
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
