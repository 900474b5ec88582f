import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadResult, runLoad } from "../../../bench/load";
import { type BenchShop, orderBody, prepareShop } from "../../../bench/shop";
import { writeImageFolder } from "../../../deploy/images/bundle";
import { startStack } from "../../../deploy/local/stack/stack";
import type { StackHandle } from "../../../deploy/local/stack/stack-file";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";

export type Memory = { idleMb: number; peakMb: number };

const CONNECTIONS = 64;
const SECONDS = 25;

/**
 * Runs what the images contain on a stack of its own: first without load, then with 64 connections that place orders,
 * then with 64 that log in. @returns the resident memory of each service, the peak being that of the whole run
 */
export async function measureMemory(
  offset: number,
  print: (line: string) => void,
): Promise<Record<ServiceName, Memory>> {
  const sourceDir = await mkdtemp(join(tmpdir(), "bundles-"));
  try {
    for (const name of serviceNames) await writeProgram(sourceDir, `services/${name}`, name);
    await writeProgram(sourceDir, "deploy/sandbox", "sandbox");
    const stack = await startStack({ offset, appEnv: "bench", fresh: true, sourceDir, report: print });
    try {
      await Bun.sleep(10_000);
      const idle = readAll(stack, "VmRSS");
      const shop = await prepareShop(stack.edgeUrl);
      print(`orders: ${describe(await placeOrders(shop))}`);
      print(`log-ins: ${describe(await logIn(shop))}`);
      const peak = readAll(stack, "VmHWM");
      const restarts = Object.entries(stack.restarts).filter(([, count]) => count > 0);
      if (restarts.length > 0) throw new Error(`restarted during the measurement: ${restarts.join(", ")}`);
      const entries = serviceNames.map((name) => [name, { idleMb: idle[name], peakMb: peak[name] }]);
      return Object.fromEntries(entries) as Record<ServiceName, Memory>;
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(sourceDir, { recursive: true, force: true });
  }
}

/** The launcher starts main.ts and migrate.ts below its source folder: here they are links to the bundles. */
async function writeProgram(sourceDir: string, folder: string, image: string): Promise<void> {
  const bundles = join(sourceDir, "bundles", image);
  await writeImageFolder(image, bundles);
  await mkdir(join(sourceDir, folder), { recursive: true });
  for (const program of ["main", "migrate"])
    await symlink(join(bundles, `${program}.js`), join(sourceDir, folder, `${program}.ts`));
}

async function placeOrders({ api, token, productIds }: BenchShop): Promise<LoadResult[]> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const products = productIds.slice(0, 8); // orders of one product wait for each other
  return await Promise.all(
    products.map((productId) =>
      runLoad({
        ...{ url: `${api}/orders`, method: "POST", headers, body: orderBody(productId) },
        ...{ connections: CONNECTIONS / products.length, duration: SECONDS },
      }),
    ),
  );
}

async function logIn({ api, account }: BenchShop): Promise<LoadResult[]> {
  const body = JSON.stringify({ email: account.email, password: account.password });
  const headers = { "content-type": "application/json" };
  return [
    await runLoad({
      url: `${api}/auth/login`,
      method: "POST",
      headers,
      body,
      connections: CONNECTIONS,
      duration: SECONDS,
    }),
  ];
}

function describe(runs: LoadResult[]): string {
  const sum = (select: (run: LoadResult) => number) => runs.reduce((total, run) => total + select(run), 0);
  return `${Math.round(sum((run) => run.perSecond))} a second, ${sum((run) => run.errors)} of ${sum((run) => run.requests)} failed`;
}

function readAll(stack: StackHandle, field: "VmRSS" | "VmHWM"): Record<ServiceName, number> {
  return Object.fromEntries(
    serviceNames.map((name) => [name, residentMb(stack.pid(`${name}-0`) as number, field)]),
  ) as never;
}

/** @see proc(5): VmRSS is the resident memory now, VmHWM the most there ever was */
function residentMb(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024);
}
