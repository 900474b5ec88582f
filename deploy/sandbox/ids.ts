// Ids increase within a run of the sandbox and differ between runs. A payment database may be older than this run, and
// must never find one of its ids on a new object.
const run = Bun.randomUUIDv7("hex").replaceAll("-", "").slice(0, 12) + crypto.randomUUID().slice(0, 4);
let last = 0;

/** A new id in Stripe's format, such as `pi_019abc…000000001z`. */
export function newId(prefix: string): string {
  last += 1;
  return `${prefix}_${run}${last.toString(36).padStart(8, "0")}`;
}
