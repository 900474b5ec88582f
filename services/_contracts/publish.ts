import { asyncApi } from "./asyncapi";
import { byTypeAndVersion, current, fileOf, problemsWith, readPublished } from "./published";

/**
 * `bun services/_contracts/publish.ts`: writes what the messages are to where others read it: each version's schema, which from
 * then on holds, and docs/asyncapi.json. `bun run check` says when it has to be run.
 */
const document = `${import.meta.dir}/../../docs/asyncapi.json`;

/** Every file as it should be. @throws Error where a published version would change so that somebody deployed stumbles */
async function files(): Promise<Map<string, string>> {
  const [now, before] = [current(), await readPublished()];
  const problems = problemsWith(now, before);
  if (problems.length > 0) throw new Error(`A published version does not change so:\n${problems.join("\n")}`);
  const earlier = before.filter((old) => !now.some((one) => one.type === old.type && one.version === old.version));
  const types = [...new Set(now.map(({ type }) => type))];
  const examples = await Promise.all(
    types.map(async (type) => [type, await Bun.file(`${import.meta.dir}/golden/${type}.golden.json`).json()] as const),
  );
  const published = [...earlier, ...now].sort(byTypeAndVersion);
  return new Map([
    ...now.map((one) => [fileOf(one), text(one.schema)] as const),
    [document, text(asyncApi((type) => new Map(examples).get(type as never), published))],
  ]);
}

const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** @returns what is not as it should be, for `bun run check`; undefined if all is */
export async function stalePublications(): Promise<string | undefined> {
  try {
    const stale: string[] = [];
    for (const [path, wanted] of await files()) {
      const file = Bun.file(path);
      if (!(await file.exists()) || (await file.text()) !== wanted) stale.push(path);
    }
    return stale.length > 0 ? `Run: bun services/_contracts/publish.ts. Stale:\n${stale.join("\n")}` : undefined;
  } catch (error) {
    return String(error);
  }
}

if (import.meta.main) for (const [path, wanted] of await files()) await Bun.write(path, wanted);
