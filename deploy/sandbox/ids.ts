// Ids rise within a run, so that lists sort by them, and differ between runs: a payment database that outlives the
// sandbox must never meet an old id on a new object.
const run = Bun.randomUUIDv7("hex").replaceAll("-", "").slice(0, 12) + crypto.randomUUID().slice(0, 4);
let last = 0;

/** A fresh id in Stripe's manner, e.g. `pi_019abc…000000001z`. */
export function newId(prefix: string): string {
  last += 1;
  return `${prefix}_${run}${last.toString(36).padStart(8, "0")}`;
}
