import { AppError } from "./errors/app-error";

/**
 * A request that must take effect once, however often it arrives. Only a hash of the request is kept, never its body.
 * `scope` says whose key it is (subject, method, route and key); `requestHash` says what was asked for.
 */
export type IdempotentRequest = { scope: string; requestHash: string };

/** Who used which `Idempotency-Key` on which route. `route` is the route's pattern: parameter values belong to the request. */
type KeyUse = { subject: string; method: string; route: string; key: string };

/**
 * @param of.request what was asked for, as JSON; the order of fields counts, unless the caller makes it `canonical`
 * @param of.scope how the scope is written; `hashedScope` unless given
 * @returns undefined without a key: then every request takes effect
 */
export function idempotentRequest(
  of: Omit<KeyUse, "key"> & { key: string | undefined; request: unknown; scope?: (use: KeyUse) => string },
): IdempotentRequest | undefined {
  const { key, request, scope = hashedScope, ...use } = of;
  if (key === undefined) return undefined;
  return { scope: scope({ ...use, key }), requestHash: hashJson(request) };
}

/** A scope of constant length. */
export const hashedScope = ({ subject, method, route, key }: KeyUse): string => hashJson([subject, method, route, key]);

/** A scope that an operator can read in the store: `<subject> POST /orders <key>`. */
export const readableScope = ({ subject, method, route, key }: KeyUse): string =>
  `${subject} ${method} ${route} ${key}`;

/** The same value with fields sorted by name and undefined fields dropped, so that equal requests have equal hashes. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, field]) => [name, canonical(field)]));
}

/** @throws AppError `idempotency.key_reused` (422) if the key was used before for a different request */
export function rejectReusedKey(storedHash: string | undefined, requestHash: string | undefined): void {
  if (storedHash === requestHash) return;
  throw new AppError("idempotency.key_reused", {
    kind: "invalid",
    public: "This Idempotency-Key was already used for a different request.",
  });
}

const hashJson = (value: unknown): string =>
  new Bun.CryptoHasher("sha256").update(JSON.stringify(value) ?? "").digest("base64url");
