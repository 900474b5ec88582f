import { join } from "node:path";
import type { ServiceName } from "../../../services/_contracts/services";

type LogLine = Record<string, unknown> & { msg: string };

/** Starts a service that is no part of the stack, and waits until its port is open. It ends with the scope of the test. */
export async function startService(service: ServiceName, env: Record<string, string>) {
  const folder = join(import.meta.dir, "../../../services", service);
  const run = (script: string) =>
    Bun.spawn([process.execPath, join(folder, script)], { env, stdio: ["ignore", "pipe", "inherit"] });
  const child = run("main.ts");
  const lines: LogLine[] = [];
  const reader = readLines(child.stdout);

  /** Waits for a line of the log. */
  async function logLine(fits: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const found = lines.find(fits);
      if (found) return found;
      const { value, done } = await reader.next();
      if (done) throw new Error(`${service} ended: ${JSON.stringify(lines)}`);
      lines.push(value);
    }
  }

  const { port } = await logLine(({ msg }) => msg === "listening");
  return {
    lines,
    logLine,
    async get(path: string): Promise<{ status: number; body: unknown }> {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.json() };
    },
    /** @returns the exit code of the service's migration */
    migrate: () => run("migrate.ts").exited,
    /** Sends SIGTERM and reads the rest of the log. @returns the exit code */
    async stop(): Promise<number> {
      child.kill("SIGTERM");
      for await (const line of reader) lines.push(line);
      return child.exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<LogLine> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield JSON.parse(part);
  }
}
