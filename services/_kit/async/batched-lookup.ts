import { batched } from "./batch";

/**
 * Looks up things by id. Lookups made at the same time share their requests.
 * @param o.load loads the things with these ids, at most `idsMax`; for an id that does not exist it returns nothing
 * @returns a function that resolves with the things that exist, in the order of the ids
 */
export function batchedLookup<T>(o: {
  /** For the name of the span of a shared look-up. */
  name: string;
  load: (ids: string[]) => Promise<T[]>;
  idOf: (thing: T) => string;
  idsMax: number;
}): (ids: string[]) => Promise<T[]> {
  return batched<string[], T[]>({
    name: o.name,
    maxSize: 32,
    maxConcurrent: 1,
    async run(lookups) {
      const ids = [...new Set(lookups.flat())];
      const starts = Array.from({ length: Math.ceil(ids.length / o.idsMax) }, (_, index) => index * o.idsMax);
      const pages = await Promise.all(starts.map((start) => o.load(ids.slice(start, start + o.idsMax))));
      const found = new Map(pages.flat().map((thing) => [o.idOf(thing), thing]));
      return lookups.map((wanted) => wanted.flatMap((id) => found.get(id) ?? []));
    },
  });
}
