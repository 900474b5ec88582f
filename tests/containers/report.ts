import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { bundledImages, root } from "../../deploy/images/programs";
import type { ServiceName } from "../../services/_contracts/services";
import { type Memory, measureMemory } from "./report/memory";
import { measureStarts } from "./report/start-time";
import { startBuilder } from "./support/builder";
import { readArchive } from "./support/oci";
import { podman } from "./support/run";

/**
 * `bun tests/containers/report.ts`: builds the images, measures them, and writes the table in docs/images.md. Exits with 1
 * if a limit is passed.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const page = join(root, "docs/images.md");
const limits = { sizeMb: 150, readyMs: 1_500 };

type Row = { image: string; sizeMb: number; appMb: number; readyMs?: number; memory?: Memory };

async function measure(): Promise<Row[]> {
  const memory = await measureMemory(offset, console.log);
  const sizes: Row[] = [];
  await using builder = await startBuilder();
  const folder = await mkdtemp(join(tmpdir(), "report-"));
  const nameOf = (image: string) => `localhost/report/${image}:${process.pid}`;
  try {
    for (const image of bundledImages) {
      const build = { target: "service" as const, args: { SERVICE: image } };
      const archive = join(folder, `${image}.tar`);
      await builder.archive({ ...build, platforms: ["linux/amd64", "linux/arm64"] }, archive);
      sizes.push(await sizeOf(image, archive, join(folder, image)));
      await builder.load(build, nameOf(image));
    }
    const ready = await measureStarts(offset, nameOf, console.log);
    return sizes.map((row) => ({
      ...row,
      readyMs: ready[row.image as ServiceName],
      memory: memory[row.image as ServiceName],
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
    await podman(["rmi", "--force", "--ignore", ...bundledImages.map(nameOf)]);
  }
}

/** The size of the larger platform's files, and of those that are ours. */
async function sizeOf(image: string, archive: string, folder: string): Promise<Row> {
  const { images } = await readArchive(archive, folder);
  const megabytes = Object.values(images).map(({ files }) => ({
    all: files.reduce((sum, { size }) => sum + size, 0) / 1e6,
    app: files.filter(({ path }) => path.startsWith("/app/")).reduce((sum, { size }) => sum + size, 0) / 1e6,
  }));
  return {
    image,
    sizeMb: Math.round(Math.max(...megabytes.map(({ all }) => all))),
    appMb: Math.round(Math.max(...megabytes.map(({ app }) => app))),
  };
}

function render(rows: Row[]): string {
  const header = "| image | size MB | ours MB | ready ms | memory at rest MB | peak MB |\n|---|---|---|---|---|---|";
  const lines = rows.map(({ image, sizeMb, appMb, readyMs, memory }) =>
    ["", image, sizeMb, appMb, readyMs ?? "–", memory?.idleMb ?? "–", memory?.peakMb ?? "–", ""].join(" | ").trim(),
  );
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  return `${header}\n${lines.join("\n")}\n\nMeasured ${date} on ${machine}, Bun ${Bun.version}.\n`;
}

const rows = await measure();
const between = /(?<=<!-- measured -->\n)[\s\S]*(?=<!-- end -->)/;
await Bun.write(page, (await Bun.file(page).text()).replace(between, `\n${render(rows)}\n`));
console.log(render(rows));
const passed = rows.filter(({ sizeMb, readyMs = 0 }) => sizeMb > limits.sizeMb || readyMs > limits.readyMs);
for (const { image } of passed)
  console.error(`${image} passes a limit: ${limits.sizeMb} MB, ready in ${limits.readyMs} ms`);
process.exit(passed.length === 0 ? 0 : 1);
