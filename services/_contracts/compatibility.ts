/** JSON Schema as TypeBox writes it. */
export type Schema = { readonly [keyword: string]: unknown };
type Properties = Record<string, Schema>;

/** Said to people, not checked. */
const annotations = new Set(["description", "title", "examples", "default", "$id"]);

/** A schema without what is only said to people: this is what is published and held to. */
export function withoutAnnotations(schema: Schema): Schema {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    const { properties, ...keywords } = value as Schema;
    const kept = Object.entries(keywords).filter(([keyword]) => !annotations.has(keyword));
    const stripped = kept.map(([keyword, inner]) => [keyword, strip(inner)]);
    // The names of properties are no keywords: a field may well be called `description`.
    const fields = Object.entries((properties ?? {}) as Properties).map(([name, field]) => [name, strip(field)]);
    return Object.fromEntries(properties ? [...stripped, ["properties", Object.fromEntries(fields)]] : stripped);
  };
  return strip(schema) as Schema;
}

/**
 * What of a change to the data of one and the same version breaks: `after` has to take what is sent as `before` (by producers
 * deployed already, or waiting in a queue), and who is deployed with `before` has to take what is sent as `after`.
 * @returns nothing if the two can live side by side
 */
export const breakingChanges = (before: Schema, after: Schema): string[] => [
  ...unreadable(before, after),
  ...refusals(before, after).map((text) => `deployed consumers refuse what is sent now: ${text}`),
];

/** What of a new version breaks. Its consumers are deployed before its producers, and so read the version before as well. */
export const unreadable = (before: Schema, after: Schema): string[] => [
  ...refusals(after, before).map((text) => `messages sent already are refused: ${text}`),
  ...removed(before, after).map((path) => `${path} is gone: whoever sends it is no longer heard`),
];

/**
 * Why a reader may refuse what a writer sends. A keyword it knows nothing about counts as a refusal where it differs: better
 * a question too many.
 */
function refusals(reader: Schema, writer: Schema, path = ""): string[] {
  const [asked, given] = [alternatives(reader), alternatives(writer)];
  if (asked.length === 1 && given.length === 1) return refusalsOfOne(asked[0] as Schema, given[0] as Schema, path);
  return given
    .filter((one) => asked.every((other) => refusalsOfOne(other, one, path).length > 0))
    .map((one) => `${path || "/"} may be ${JSON.stringify(one.const ?? one.type ?? one)}`);
}

const alternatives = (schema: Schema): Schema[] => {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.flatMap(alternatives);
  const { enum: values, ...rest } = schema;
  return Array.isArray(values) ? values.map((value) => ({ ...rest, const: value })) : [schema];
};

function refusalsOfOne(reader: Schema, writer: Schema, path: string): string[] {
  const here = path || "/";
  const typeFits =
    reader.type === undefined ||
    Bun.deepEquals(reader.type, writer.type) ||
    (reader.type === "number" && writer.type === "integer");
  if (!typeFits) return [`${here} is ${writer.type} instead of ${reader.type}`];
  const narrower = Object.keys(reader)
    .filter((keyword) => !structure.has(keyword) && !annotations.has(keyword))
    .filter((keyword) => !isWideEnough(keyword, reader[keyword], writer[keyword]))
    .map((keyword) => `${here} has ${keyword} ${JSON.stringify(reader[keyword])}, was not promised`);
  return [...narrower, ...refusedFields(reader, writer, path), ...refusedItems(reader, writer, path)];
}

const structure = new Set(["type", "properties", "required", "items"]);

/** Whether whatever keeps to the writer's value of a keyword keeps to the reader's as well. */
function isWideEnough(keyword: string, reader: unknown, writer: unknown): boolean {
  if (/^(exclusiveM|m)inimum$|^min/.test(keyword)) return typeof writer === "number" && writer >= (reader as number);
  if (/^(exclusiveM|m)aximum$|^max/.test(keyword)) return typeof writer === "number" && writer <= (reader as number);
  return (keyword === "additionalProperties" && reader === true) || Bun.deepEquals(reader, writer);
}

function refusedFields(reader: Schema, writer: Schema, path: string): string[] {
  const [asked, given] = [fieldsOf(reader), fieldsOf(writer)];
  const promised = new Set((writer.required ?? []) as string[]);
  const missing = ((reader.required ?? []) as string[])
    .filter((name) => !promised.has(name))
    .map((name) => `${path}/${name} is required and may be missing`);
  const unknown = Object.keys(given)
    .filter((name) => reader.additionalProperties === false && !Object.hasOwn(asked, name))
    .map((name) => `${path}/${name} is not expected`);
  const inner = Object.entries(asked).flatMap(([name, field]) =>
    Object.hasOwn(given, name) ? refusals(field, given[name] as Schema, `${path}/${name}`) : [],
  );
  return [...missing, ...unknown, ...inner];
}

const refusedItems = (reader: Schema, writer: Schema, path: string): string[] =>
  reader.items ? refusals(reader.items as Schema, (writer.items ?? {}) as Schema, `${path}/*`) : [];

/** Fields there were and that are no longer known, also under another name: to a reader that is the same. */
function removed(before: Schema, after: Schema, path = ""): string[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const fields = Object.entries(old).flatMap(([name, field]) =>
    Object.hasOwn(now, name) ? removed(field, now[name] as Schema, `${path}/${name}`) : [`${path}/${name}`],
  );
  const items = before.items && after.items ? removed(before.items as Schema, after.items as Schema, `${path}/*`) : [];
  const either = alternativesOf(before).flatMap((one, at) => removed(one, alternativesOf(after)[at] ?? {}, path));
  return [...fields, ...items, ...either];
}

const alternativesOf = (schema: Schema) => (schema.anyOf ?? []) as Schema[];
const fieldsOf = (schema: Schema) => (schema.properties ?? {}) as Properties;
