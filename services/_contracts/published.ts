import { Glob } from "bun";
import {
  breakingChangesAcrossVersions,
  breakingChangesWithinVersion,
  type Schema,
  withoutAnnotations,
} from "./compatibility";
import { type MessageType, messages } from "./messages";

/** The schema of the data of one message in one version. */
export type PublishedSchema = { type: string; version: number; schema: Schema };

const folder = `${import.meta.dir}/published`;
export const toPath = ({ type, version }: { type: string; version: number }) => `${folder}/${type}.${version}.json`;
export const toUrn = (type: string, version: number) => `urn:shop:schema:${type}:${version}`;

/** All schemas in `published/`, by type and version. */
export async function readPublished(): Promise<PublishedSchema[]> {
  const names = await Array.fromAsync(new Glob("*.json").scan(folder));
  const read = names.map(async (name): Promise<PublishedSchema> => {
    const parts = name.split(".");
    const [type, version] = [parts.slice(0, -2).join("."), Number(parts.at(-2))];
    return { type, version, schema: await Bun.file(toPath({ type, version })).json() };
  });
  return (await Promise.all(read)).sort(byTypeAndVersion);
}

export const byTypeAndVersion = (a: PublishedSchema, b: PublishedSchema): number =>
  a.type === b.type ? a.version - b.version : a.type < b.type ? -1 : 1;

/** The schemas of the catalogue as it is now, one for each message. */
export const currentSchemas = (): PublishedSchema[] =>
  (Object.keys(messages) as MessageType[]).map((type) => ({
    ...{ type, version: messages[type].version },
    schema: withoutAnnotations(JSON.parse(JSON.stringify(messages[type].data))),
  }));

/**
 * Compares the current schemas with the published ones.
 * @returns a line for each change that breaks a deployed sender or consumer; empty if there is none
 */
export function findBreakingChanges(current: PublishedSchema[], published: PublishedSchema[]): string[] {
  const currentByType = new Map(current.map((one) => [one.type, one]));
  return published.flatMap(({ type, version, schema }) => {
    const name = `${type} version ${version}`;
    const now = currentByType.get(type);
    if (!now) return [`${name}: the message was removed`];
    if (version > now.version) return [`${name}: was published, but the catalogue has version ${now.version}`];
    const compare = version === now.version ? breakingChangesWithinVersion : breakingChangesAcrossVersions;
    return compare(schema, now.schema).map((change) => `${name}: ${change}`);
  });
}
