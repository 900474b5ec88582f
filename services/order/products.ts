import type { InternalProduct, InternalProducts } from "@shop/contracts/internal-api";
import { grouped } from "@shop/kit/grouped";
import type { HttpClient } from "@shop/kit/http-client";

/** Inventory answers for at most so many at once. */
const idsAtOnce = 100;

/** Asks inventory for products; orders that come at the same time share a question. */
export function productsTogether(inventory: HttpClient): (ids: string[]) => Promise<InternalProduct[]> {
  const ask = async (ids: string[]) =>
    (await inventory.get<InternalProducts>(`/internal/products?ids=${ids.join()}`)).items;

  return grouped<string[], InternalProduct[]>({
    most: 32,
    atOnce: 1,
    async run(wanted) {
      const ids = [...new Set(wanted.flat())];
      const starts = Array.from({ length: Math.ceil(ids.length / idsAtOnce) }, (_, index) => index * idsAtOnce);
      const pages = await Promise.all(starts.map((start) => ask(ids.slice(start, start + idsAtOnce))));
      const found = new Map(pages.flat().map((product) => [product.id, product]));
      return wanted.map((of) => of.flatMap((id) => found.get(id) ?? []));
    },
  });
}
