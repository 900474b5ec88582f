type Options = { cwd?: string; env?: Record<string, string> };

/** Runs a program. @returns what it prints. @throws Error with what it reports if it fails */
export async function run(command: string[], options: Options = {}): Promise<string> {
  const child = Bun.spawn(command, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0)
    throw new Error(`${command.slice(0, 3).join(" ")} failed: ${(err || out).trim().slice(-4_000)}`);
  return out;
}

/** podman with runc: Debian's crun does not start containers on every kernel. */
export const podman = (args: string[], options?: Options) => run(["podman", "--runtime", "runc", ...args], options);
