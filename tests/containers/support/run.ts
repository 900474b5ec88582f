import { runToEnd } from "../../../deploy/local/process/run-to-end";

type Options = { cwd?: string; env?: Record<string, string> };

/** Runs a program. @returns what it prints. @throws Error with what it reports if it fails */
export async function run(command: string[], options: Options = {}): Promise<string> {
  const { ok, out, err } = await runToEnd(command, { cwd: options.cwd, env: { ...process.env, ...options.env } });
  if (!ok) throw new Error(`${command.slice(0, 3).join(" ")} failed: ${(err || out).trim().slice(-4_000)}`);
  return out;
}

/** podman with runc: Debian's crun does not start containers on every kernel. */
export const podman = (args: string[], options?: Options) => run(["podman", "--runtime", "runc", ...args], options);
