import { chmod, chown, copyFile, link, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot, stackPaths } from "../config/paths";
import type { Account } from "../process/accounts";
import { removeCluster } from "../stores/postgres-cluster";
import { changeTo } from "../stores/postgres-user";

/** The parts of a checkout that the launcher needs. */
const copied = ["deploy", "docs", "services", "envoy", "node_modules", "package.json", "bun.lock"];

/** What a launcher printed, and how it ended. */
export type Outcome = { output: string; exitCode: number | null };

/** A copy of this checkout in a folder of its own, for launchers of other users and other places. */
export type CheckoutCopy = {
  /** The folder above the checkout. Created with mode 0700. */
  parent: string;
  root: string;
  /** Runs a script of the checkout to its end, or until it prints `up`; then it is stopped. */
  run: (script: string, o?: { args?: string[]; as?: Account; portOffset?: number }) => Promise<Outcome>;
  remove: (portOffset: number) => Promise<void>;
};

/** @param name the checkout's folder; it may contain slashes */
export async function copyCheckout(name: string): Promise<CheckoutCopy> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), "shop-launcher-")));
  const root = join(parent, name);
  const home = join(parent, "home");
  const bun = join(parent, "bun");
  await mkdir(root, { recursive: true });
  await mkdir(home);
  // Hard links where possible: node_modules is large. Nothing here writes to the files.
  for (const flags of ["-al", "-a"]) {
    if ((await Bun.spawn(["cp", flags, ...copied, root], { cwd: repoRoot, stderr: "ignore" }).exited) === 0) break;
  }
  await link(process.execPath, bun).catch(() => copyFile(process.execPath, bun));
  await chmod(bun, 0o755);

  return {
    parent,
    root,
    async run(script, { args = [], as, portOffset = 0 } = {}) {
      if (as) await chown(home, as.uid, as.gid);
      const command = [bun, join(root, script), ...args];
      const child = Bun.spawn(as ? ["setpriv", ...changeTo(as), "--", ...command] : command, {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          HOME: home,
          PORT_OFFSET: String(portOffset),
          // External, so that only PostgreSQL starts: the others do not depend on the user.
          REDIS_URL: "redis://127.0.0.1:1",
          ORDER_MONGO_URL: "mongodb://127.0.0.1:1",
        },
        stdout: "pipe",
        stderr: "pipe",
      });
      const errors = new Response(child.stderr).text();
      let output = "";
      for await (const chunk of child.stdout) {
        output += new TextDecoder().decode(chunk);
        if (/^up$/m.test(output)) child.kill("SIGTERM");
      }
      return { output: output + (await errors), exitCode: await child.exited };
    },
    async remove(portOffset) {
      await removeCluster(stackPaths(portOffset, root));
      await rm(parent, { recursive: true, force: true });
    },
  };
}
