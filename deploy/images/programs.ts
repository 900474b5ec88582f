import { resolve } from "node:path";
import { serviceNames } from "../../services/_contracts/services";

export const root = resolve(import.meta.dir, "../..");

/** The images that contain bundles, by SERVICE of the Dockerfile. The image of the edge has none. */
export const bundledImages = [...serviceNames, "ops", "sandbox", "setup"];

/** The one-shot programs of compose.yaml. */
const setupPrograms = Object.fromEntries(
  ["configure", "init", "ready", "sandbox-mode", "secrets"].map((name) => [name, `deploy/compose/setup/${name}.ts`]),
);

/** The programs in an image, by the name of their bundle. */
export function entryPoints(image: string): Record<string, string> {
  if (image === "ops") return { main: "deploy/ops/main.ts" };
  if (image === "setup") return setupPrograms;
  if (image === "sandbox") return { main: "deploy/sandbox/main.ts", health: "deploy/images/health.ts" };
  return {
    main: `services/${image}/main.ts`,
    migrate: `services/${image}/migrate.ts`,
    health: "deploy/images/health.ts",
  };
}
