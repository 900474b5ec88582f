import { StripeError } from "./errors";

/** A response that can be repeated. `view` builds the body from immutable records, so that little is stored per key. */
export type ApiResponse = { status: number; view: () => unknown; requestId: string };

type StoredKey = { at: number; endpoint: string; params: number | bigint; response: ApiResponse | undefined };

export type Idempotency = { keys: Map<string, StoredKey> };

const keyMs = 24 * 60 * 60 * 1000;

export const createIdempotency = (): Idempotency => ({ keys: new Map() });

/**
 * Looks up a key, and reserves it if it is new.
 * @param now milliseconds since 1970
 * @returns the stored response; undefined if the key is new and the operation must be executed
 * @throws StripeError 400 if the key was used for a different request, 409 if its first call is still in progress
 */
export function openKey(
  store: Idempotency,
  now: number,
  key: string,
  endpoint: string,
  form: string,
): ApiResponse | undefined {
  deleteExpired(store, now);
  const params = fingerprint(form);
  const saved = store.keys.get(key);
  if (!saved) {
    store.keys.set(key, { at: now, endpoint, params, response: undefined });
    return undefined;
  }
  const advice = `Try using a key other than '${key}' if you meant to execute a different request.`;
  if (saved.endpoint !== endpoint) {
    throw mismatch(
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${saved.endpoint}' vs '${endpoint}'). ${advice}`,
    );
  }
  if (saved.params !== params) {
    throw mismatch(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. ${advice}`,
    );
  }
  if (!saved.response) throw inUse(key);
  return saved.response;
}

export function saveResponse(store: Idempotency, key: string, response: ApiResponse): void {
  const entry = store.keys.get(key);
  if (entry) entry.response = response;
}

/** Frees a key whose operation was not executed. */
export function releaseKey(store: Idempotency, key: string): void {
  if (!store.keys.get(key)?.response) store.keys.delete(key);
}

// A Map iterates in insertion order, so the oldest keys come first.
function deleteExpired(store: Idempotency, now: number): void {
  for (const [key, saved] of store.keys) {
    if (now - saved.at < keyMs) return;
    store.keys.delete(key);
  }
}

const fingerprint = (form: string) => Bun.hash(form.split("&").sort().join("&"));

const mismatch = (message: string) => new StripeError(400, { type: "idempotency_error", message });

const inUse = (key: string) =>
  new StripeError(409, {
    type: "invalid_request_error",
    code: "idempotency_key_in_use",
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
  });
