// Ids increase within a run and differ between runs: a payment database that outlives the sandbox must never see an old id
// on a new object.
const run = Bun.randomUUIDv7("hex").replaceAll("-", "").slice(0, 12) + crypto.randomUUID().slice(0, 4);
let last = 0;

/** A new id in Stripe's format, such as `pi_019abc…000000001z`. */
export function newId(prefix: string): string {
  last += 1;
  return `${prefix}_${run}${last.toString(36).padStart(8, "0")}`;
}
