import { toAsyncApi } from "./asyncapi";
import type { MessageType } from "./messages";
import { byTypeAndVersion, currentSchemas, findBreakingChanges, readPublished, toPath } from "./published";

/**
 * `bun services/_contracts/publish.ts` writes the schema of each message's current version to `published/`, and
 * docs/asyncapi.json. A published schema is permanent: later changes must be compatible with it. `bun run check` fails if one
 * of these files is out of date.
 */

const asyncApiPath = `${import.meta.dir}/../../docs/asyncapi.json`;

/**
 * The content of each file to publish, by path.
 * @throws Error if a published version would change incompatibly
 */
async function toFiles(): Promise<Map<string, string>> {
  const [current, published] = [currentSchemas(), await readPublished()];
  const problems = findBreakingChanges(current, published);
  if (problems.length > 0) throw new Error(`Published messages must not change incompatibly:\n${problems.join("\n")}`);
  const isCurrent = new Set(current.map(toPath));
  const earlier = published.filter((one) => !isCurrent.has(toPath(one)));
  const examples = new Map(await Promise.all(current.map(async ({ type }) => [type, await readGolden(type)] as const)));
  const example = (type: MessageType) => examples.get(type);
  return new Map([
    ...current.map((one) => [toPath(one), toText(one.schema)] as const),
    [asyncApiPath, toText(toAsyncApi(example, [...earlier, ...current].sort(byTypeAndVersion)))],
  ]);
}

const readGolden = (type: string): Promise<unknown> => Bun.file(`${import.meta.dir}/golden/${type}.golden.json`).json();

const toText = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** For `bun run check`. @returns which files are stale, or why publishing fails; undefined if all files are up to date */
export async function stalePublications(): Promise<string | undefined> {
  try {
    const stale: string[] = [];
    for (const [path, content] of await toFiles()) {
      const file = Bun.file(path);
      if (!(await file.exists()) || (await file.text()) !== content) stale.push(path);
    }
    return stale.length > 0 ? `Run: bun services/_contracts/publish.ts. Stale:\n${stale.join("\n")}` : undefined;
  } catch (error) {
    return String(error);
  }
}

if (import.meta.main) for (const [path, content] of await toFiles()) await Bun.write(path, content);
