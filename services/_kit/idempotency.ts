import { AppError } from "./errors/app-error";

/**
 * A request that must take effect once, however often it arrives. Only a hash of what was requested is kept.
 * `scope` identifies the use of a key: subject, method, route and key. `requestHash` identifies what was requested.
 */
export type IdempotentRequest = { scope: string; requestHash: string };

/** Who used which `Idempotency-Key` on which route. `route` is the route's pattern: parameter values belong to the request. */
type KeyUse = { subject: string; method: string; route: string; key: string };

/**
 * Scopes and hashes are stored. If their form changes, the keys that are already stored are no longer found.
 * @param use.request the request as JSON. The order of fields matters, unless the caller passes it through `canonical`
 * @param use.scope how the scope is written; `hashedScope` by default
 * @returns undefined if the client sent no key: the request then takes effect each time
 */
export function idempotentRequest(
  use: Omit<KeyUse, "key"> & { key: string | undefined; request: unknown; scope?: (use: KeyUse) => string },
): IdempotentRequest | undefined {
  const { key, request, scope = hashedScope, ...route } = use;
  if (key === undefined) return undefined;
  return { scope: scope({ ...route, key }), requestHash: hashJson(request) };
}

/** A scope of constant length. */
export const hashedScope = ({ subject, method, route, key }: KeyUse): string => hashJson([subject, method, route, key]);

/** A scope that an operator can read in the store: `<subject> POST /orders <key>`. */
export const readableScope = ({ subject, method, route, key }: KeyUse): string =>
  `${subject} ${method} ${route} ${key}`;

/** The same JSON value with fields sorted by name and undefined fields dropped, so that equal requests have equal hashes. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, field]) => [name, canonical(field)]));
}

/**
 * Checks that a repeated key belongs to the same request. Hashes are undefined for a request without a key.
 * @throws AppError `idempotency.key_reused` (422) if the key was used for a different request
 */
export function rejectReusedKey(storedHash: string | undefined, requestHash: string | undefined): void {
  if (storedHash === requestHash) return;
  throw new AppError("idempotency.key_reused", {
    kind: "invalid",
    public: "This Idempotency-Key was already used for a different request.",
  });
}

/** SHA-256 of the JSON text, base64url without padding. `undefined` is hashed as the empty text. */
const hashJson = (value: unknown): string =>
  new Bun.CryptoHasher("sha256").update(JSON.stringify(value) ?? "").digest("base64url");
