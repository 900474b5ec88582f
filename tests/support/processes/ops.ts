import { join } from "node:path";
import { runToEnd } from "../../../deploy/local/process/run-to-end";
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
  const { ok, out, err } = await runToEnd([process.execPath, ...argv], {
    cwd: o.cwd ?? checkout,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1", ...env },
  });
  return { ok, text: out + err };
}
