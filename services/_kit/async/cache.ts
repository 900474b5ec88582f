/**
 * Keeps the results of `load` for `ttlMs`. Callers that need the same key at the same time share one load. Failures are
 * not kept. At most `max` entries are kept; the one that was loaded longest ago is dropped first.
 * @param options.expiresAt when an entry ends, if that is earlier than `ttlMs` allows; milliseconds since 1970
 */
export function cached<T>(
  load: (key: string) => Promise<T>,
  options: { ttlMs: number; max: number; expiresAt?: (value: T) => number },
): (key: string) => Promise<T> {
  const entries = new Map<string, { value: Promise<T>; until: number }>();

  return (key) => {
    const hit = entries.get(key);
    if (hit && hit.until > Date.now()) return hit.value;
    const entry = { value: (async () => load(key))(), until: Date.now() + options.ttlMs };
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > options.max) entries.delete(entries.keys().next().value as string);
    entry.value.then(
      (value) => {
        if (options.expiresAt) entry.until = Math.min(entry.until, options.expiresAt(value));
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry.value;
  };
}
