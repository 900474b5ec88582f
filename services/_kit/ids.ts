/**
 * The smallest UUIDv7 of a moment: ids begin with the milliseconds since 1970 at which they were made, so a time is a place
 * in any index of ids. Years that 48 bits cannot say are all before or after.
 */
export function firstIdAt(time: Date): string {
  const ms = Math.min(Math.max(time.getTime(), 0), 2 ** 48 - 1);
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
