import { join } from "node:path";
import { stack } from "../stack";

export type CommandResult = { ok: boolean; text: string };

const checkout = join(import.meta.dir, "../../..");

/** Runs `bun run ops` with these arguments. */
export const ops = (...args: string[]) => runScript(["deploy/ops/main.ts", ...args]);

/** Runs a script of the checkout. @returns its whole output; `ok` if it exited with 0 */
export async function runScript(
  argv: string[],
  o: { cwd?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const env = o.env ?? { PORT_OFFSET: String(stack.offset) };
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: o.cwd ?? checkout,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { ok: (await child.exited) === 0, text: out + err };
}
