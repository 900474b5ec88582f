/** JSON Schema as TypeBox writes it. */
export type Schema = { readonly [keyword: string]: unknown };
type Properties = Record<string, Schema>;

/** Keywords for human readers, which validate nothing. */
const annotations = new Set(["description", "title", "examples", "default", "$id"]);

/** A schema without annotations. This is what is published, and what later schemas are compared with. */
export function withoutAnnotations(schema: Schema): Schema {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    const { properties, ...keywords } = value as Schema;
    const kept = Object.entries(keywords).filter(([keyword]) => !annotations.has(keyword));
    const stripped = kept.map(([keyword, inner]) => [keyword, strip(inner)]);
    // Property names are not keywords: a field may be named `description`.
    const fields = Object.entries((properties ?? {}) as Properties).map(([name, field]) => [name, strip(field)]);
    return Object.fromEntries(properties ? [...stripped, ["properties", Object.fromEntries(fields)]] : stripped);
  };
  return strip(schema) as Schema;
}

/**
 * Finds what breaks when the data of a message changes within one version. Both directions count: the new code must accept what
 * deployed senders and queues still hold, and deployed consumers must accept what the new code sends.
 * @returns a line for each breaking change; empty if both schemas can be in use at the same time
 */
export const breakingChangesWithinVersion = (before: Schema, after: Schema): string[] => [
  ...breakingChangesAcrossVersions(before, after),
  ...rejections(before, after).map((text) => `deployed consumers reject new messages: ${text}`),
];

/**
 * Finds what breaks when a message gets a new version. Only one direction counts: consumers of the new version are deployed
 * before its senders, so they must also accept the previous version.
 */
export const breakingChangesAcrossVersions = (before: Schema, after: Schema): string[] => [
  ...rejections(after, before).map((text) => `messages already sent are rejected: ${text}`),
  ...removedFields(before, after).map((path) => `${path} was removed: values already sent are ignored`),
];

/**
 * Why a reader may reject what a writer sends. A keyword that is not known here counts as a rejection if it differs, so that an
 * unknown case is reported and not missed.
 */
function rejections(reader: Schema, writer: Schema, path = ""): string[] {
  const [accepted, written] = [toAlternatives(reader), toAlternatives(writer)];
  if (accepted.length === 1 && written.length === 1)
    return rejectionsOfOne(accepted[0] as Schema, written[0] as Schema, path);
  return written
    .filter((one) => accepted.every((other) => rejectionsOfOne(other, one, path).length > 0))
    .map((one) => `${path || "/"} may be ${JSON.stringify(one.const ?? one.type ?? one)}`);
}

/** The alternatives of `anyOf` and `enum`, flattened. */
function toAlternatives(schema: Schema): Schema[] {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.flatMap(toAlternatives);
  const { enum: values, ...rest } = schema;
  return Array.isArray(values) ? values.map((value) => ({ ...rest, const: value })) : [schema];
}

function rejectionsOfOne(reader: Schema, writer: Schema, path: string): string[] {
  const here = path || "/";
  const typeFits =
    reader.type === undefined ||
    Bun.deepEquals(reader.type, writer.type) ||
    (reader.type === "number" && writer.type === "integer");
  if (!typeFits) return [`${here} is ${writer.type} instead of ${reader.type}`];
  const narrower = Object.keys(reader)
    .filter((keyword) => !structure.has(keyword) && !annotations.has(keyword))
    .filter((keyword) => !isWideEnough(keyword, reader[keyword], writer[keyword]))
    .map((keyword) => `${here} may violate ${keyword} ${JSON.stringify(reader[keyword])}`);
  return [...narrower, ...rejectedFields(reader, writer, path), ...rejectedItems(reader, writer, path)];
}

/** Keywords that are compared by functions of their own. */
const structure = new Set(["type", "properties", "required", "items"]);

/** Whether every value that satisfies the writer's keyword also satisfies the reader's. */
function isWideEnough(keyword: string, reader: unknown, writer: unknown): boolean {
  if (/^(exclusiveM|m)inimum$|^min/.test(keyword)) return typeof writer === "number" && writer >= (reader as number);
  if (/^(exclusiveM|m)aximum$|^max/.test(keyword)) return typeof writer === "number" && writer <= (reader as number);
  return (keyword === "additionalProperties" && reader === true) || Bun.deepEquals(reader, writer);
}

function rejectedFields(reader: Schema, writer: Schema, path: string): string[] {
  const [accepted, written] = [getFields(reader), getFields(writer)];
  const promised = new Set((writer.required ?? []) as string[]);
  const missing = ((reader.required ?? []) as string[])
    .filter((name) => !promised.has(name))
    .map((name) => `${path}/${name} is required and may be missing`);
  const unknown = Object.keys(written)
    .filter((name) => reader.additionalProperties === false && !Object.hasOwn(accepted, name))
    .map((name) => `${path}/${name} is not allowed`);
  const inner = Object.entries(accepted).flatMap(([name, field]) =>
    Object.hasOwn(written, name) ? rejections(field, written[name] as Schema, `${path}/${name}`) : [],
  );
  return [...missing, ...unknown, ...inner];
}

const rejectedItems = (reader: Schema, writer: Schema, path: string): string[] =>
  reader.items ? rejections(reader.items as Schema, (writer.items ?? {}) as Schema, `${path}/*`) : [];

/** The paths of fields that `after` no longer has. A renamed field counts as removed. */
function removedFields(before: Schema, after: Schema, path = ""): string[] {
  const [old, now] = [getFields(before), getFields(after)];
  const fields = Object.entries(old).flatMap(([name, field]) =>
    Object.hasOwn(now, name) ? removedFields(field, now[name] as Schema, `${path}/${name}`) : [`${path}/${name}`],
  );
  const items =
    before.items && after.items ? removedFields(before.items as Schema, after.items as Schema, `${path}/*`) : [];
  const alternatives = getAnyOf(before).flatMap((one, index) => removedFields(one, getAnyOf(after)[index] ?? {}, path));
  return [...fields, ...items, ...alternatives];
}

const getAnyOf = (schema: Schema) => (schema.anyOf ?? []) as Schema[];
const getFields = (schema: Schema) => (schema.properties ?? {}) as Properties;
