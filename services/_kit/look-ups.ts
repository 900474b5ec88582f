import { grouped } from "./grouped";

/**
 * Looks things up by their ids: questions that are asked at the same time share a request.
 * @param o.ask answers for so many ids at once as `most` says; those that do not exist are missing
 * @returns of the ids asked for the things that exist, in the order of the ids
 */
export function lookUps<T>(o: {
  ask: (ids: string[]) => Promise<T[]>;
  idOf: (thing: T) => string;
  most: number;
}): (ids: string[]) => Promise<T[]> {
  return grouped<string[], T[]>({
    most: 32,
    atOnce: 1,
    async run(wanted) {
      const ids = [...new Set(wanted.flat())];
      const starts = Array.from({ length: Math.ceil(ids.length / o.most) }, (_, index) => index * o.most);
      const pages = await Promise.all(starts.map((start) => o.ask(ids.slice(start, start + o.most))));
      const found = new Map(pages.flat().map((thing) => [o.idOf(thing), thing]));
      return wanted.map((of) => of.flatMap((id) => found.get(id) ?? []));
    },
  });
}
