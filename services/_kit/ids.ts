/**
 * The smallest UUIDv7 with this time. A UUIDv7 begins with its creation time in milliseconds since 1970, so an index of ids
 * can be searched by time. Times that do not fit into 48 bits are clamped.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
export function firstIdAt(time: Date): string {
  const ms = Math.min(Math.max(time.getTime(), 0), 2 ** 48 - 1);
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
