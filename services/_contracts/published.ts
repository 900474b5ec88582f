import { Glob } from "bun";
import { breakingChanges, type Schema, unreadable, withoutAnnotations } from "./compatibility";
import { type MessageType, messages } from "./messages";

/** The data of one version of one message, as it was given to the world. */
export type Published = { type: string; version: number; schema: Schema };

const folder = `${import.meta.dir}/published`;
export const fileOf = ({ type, version }: { type: string; version: number }) => `${folder}/${type}.${version}.json`;
export const urn = (type: string, version: number) => `urn:shop:schema:${type}:${version}`;

/** Every schema that was ever published, by type and version. */
export async function readPublished(): Promise<Published[]> {
  const names = await Array.fromAsync(new Glob("*.json").scan(folder));
  const read = names.map(async (name): Promise<Published> => {
    const parts = name.split(".");
    const [type, version] = [parts.slice(0, -2).join("."), Number(parts.at(-2))];
    return { type, version, schema: await Bun.file(fileOf({ type, version })).json() };
  });
  return (await Promise.all(read)).sort(byTypeAndVersion);
}

export const byTypeAndVersion = (a: Published, b: Published): number =>
  a.type === b.type ? a.version - b.version : a.type < b.type ? -1 : 1;

/** What is to be published: the messages as they are now. */
export const current = (): Published[] =>
  (Object.keys(messages) as MessageType[]).map((type) => ({
    ...{ type, version: messages[type].version },
    schema: withoutAnnotations(JSON.parse(JSON.stringify(messages[type].data))),
  }));

/**
 * What of the messages as they are now somebody who is deployed would stumble over.
 * @returns a line for each; nothing if all that was published still holds
 */
export function problemsWith(now: Published[], published: Published[]): string[] {
  const latest = new Map(now.map((one) => [one.type, one]));
  return published.flatMap(({ type, version, schema }) => {
    const named = `${type} version ${version}`;
    const it = latest.get(type);
    if (!it) return [`${named}: the message is gone`];
    if (version > it.version) return [`${named}: was published, and the message is version ${it.version}`];
    const changes = version === it.version ? breakingChanges(schema, it.schema) : unreadable(schema, it.schema);
    return changes.map((change) => `${named}: ${change}`);
  });
}
