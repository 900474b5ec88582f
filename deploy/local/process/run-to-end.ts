/** What a program printed, and whether it exited with 0. */
export type Ended = { ok: boolean; out: string; err: string };

/** Runs a program to its end. Its exit code is a result and not an error. @param o.input what it reads from its standard input */
export async function runToEnd(
  argv: string[],
  o: { cwd?: string; env?: Record<string, string | undefined>; input?: string; timeoutMs?: number } = {},
): Promise<Ended> {
  const child = Bun.spawn(argv, {
    cwd: o.cwd,
    env: o.env ?? process.env,
    timeout: o.timeoutMs,
    stdio: [o.input === undefined ? "ignore" : new Blob([o.input]), "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { ok: (await child.exited) === 0, out, err };
}
