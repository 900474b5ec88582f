import { cp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { serviceNames, services } from "../../services/_contracts/services";

/**
 * `bun deploy/images/bundle.ts <service|ops> <folder>`: writes what the image of one program contains, and nothing else:
 * bundles with their source maps, and the service's migrations. The same source gives the same bytes.
 */
const root = resolve(import.meta.dir, "../..");

/** The one-shot programs of compose.yaml. */
const setupPrograms = Object.fromEntries(
  ["configure", "init", "sandbox-mode", "secrets"].map((name) => [name, `deploy/compose/setup/${name}.ts`]),
);

/** The programs in an image, by the name of their bundle. */
function entryPoints(image: string): Record<string, string> {
  if (image === "ops") return { main: "deploy/ops/main.ts" };
  if (image === "setup") return setupPrograms;
  if (image === "sandbox") return { main: "deploy/sandbox/main.ts", health: "deploy/images/health.ts" };
  return {
    main: `services/${image}/main.ts`,
    migrate: `services/${image}/migrate.ts`,
    health: "deploy/images/health.ts",
  };
}

const images = [...serviceNames, "ops", "sandbox", "setup"];

async function bundle(image: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [name, path] of Object.entries(entryPoints(image))) {
    const result = await Bun.build({
      entrypoints: [join(root, path)],
      root,
      outdir: folder,
      naming: { entry: `${name}.[ext]` },
      target: "bun",
      minify: true,
      sourcemap: "linked",
    });
    if (!result.success) throw new AggregateError(result.logs, `cannot bundle ${path}`);
  }
  const migrations = join(root, "services", image, "store/migrations");
  if (services[image as keyof typeof services]?.store === "postgres")
    await cp(migrations, join(folder, "store/migrations"), { recursive: true });
}

const [image = "", folder] = process.argv.slice(2);
if (!images.includes(image) || !folder) {
  console.error(`usage: bun deploy/images/bundle.ts <${images.join("|")}> <folder>`);
  process.exit(1);
}
await bundle(image, folder);
