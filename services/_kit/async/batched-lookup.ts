import { batched } from "./batch";

/**
 * Looks things up by their ids: questions that are asked at the same time share a request.
 * @param o.ask answers for so many ids at once as `most` says; those that do not exist are missing
 * @returns of the ids asked for the things that exist, in the order of the ids
 */
export function batchedLookup<T>(o: {
  load: (ids: string[]) => Promise<T[]>;
  idOf: (thing: T) => string;
  idsMax: number;
}): (ids: string[]) => Promise<T[]> {
  return batched<string[], T[]>({
    maxSize: 32,
    maxConcurrent: 1,
    async run(wanted) {
      const ids = [...new Set(wanted.flat())];
      const starts = Array.from({ length: Math.ceil(ids.length / o.idsMax) }, (_, index) => index * o.idsMax);
      const pages = await Promise.all(starts.map((start) => o.load(ids.slice(start, start + o.idsMax))));
      const found = new Map(pages.flat().map((thing) => [o.idOf(thing), thing]));
      return wanted.map((of) => of.flatMap((id) => found.get(id) ?? []));
    },
  });
}
