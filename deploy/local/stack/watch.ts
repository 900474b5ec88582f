import { watch } from "node:fs";
import { join, sep } from "node:path";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";

const QUIET_MS = 200;

/**
 * Calls `onChange` with the services whose source files changed; a change in `_kit` or `_contracts` affects all.
 * Editors write a file in several steps, so it waits until nothing has changed for a moment.
 * @returns a function that stops watching
 */
export function watchSources(
  sourceDir: string,
  onChange: (affected: ServiceName[], files: string[]) => void,
): () => void {
  const files = new Set<string>();
  let timer: Timer | undefined;
  const watcher = watch(join(sourceDir, "services"), { recursive: true }, (_event, name) => {
    if (name === null || !isSource(name)) return;
    files.add(name);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const batch = [...files];
      files.clear();
      onChange(affectedBy(batch), batch);
    }, QUIET_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

function isSource(file: string): boolean {
  const parts = file.split(sep);
  const last = parts.at(-1) ?? "";
  if (parts.some((part) => part === "node_modules" || part === ".data" || part === "coverage")) return false;
  if (parts.includes("testing") || /\.(test|spec|bench)\.[tj]sx?$/.test(last)) return false;
  return /\.(ts|tsx|js|json|sql|html|css)$/.test(last) && !last.startsWith(".");
}

function affectedBy(files: string[]): ServiceName[] {
  const folders = new Set(files.map((file) => file.split(sep)[0]));
  if (folders.has("_kit") || folders.has("_contracts")) return [...serviceNames];
  return serviceNames.filter((service) => folders.has(service));
}
