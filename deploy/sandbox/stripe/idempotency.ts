import { StripeError } from "./errors";

/** What a call answered: `view` builds the same body again from records that never change, so little is kept per key. */
export type Answer = { status: number; view: () => unknown; requestId: string };

type Saved = { at: number; endpoint: string; params: number | bigint; answer: Answer | undefined };

export type Idempotency = { keys: Map<string, Saved> };

const rememberedMs = 24 * 60 * 60 * 1000;

export const createIdempotency = (): Idempotency => ({ keys: new Map() });

/** Opens a key: the saved answer if there is one, undefined if the call is to be made now. Throws on conflict. */
export function open(store: Idempotency, now: number, key: string, endpoint: string, form: string): Answer | undefined {
  forgetOld(store, now);
  const params = fingerprint(form);
  const saved = store.keys.get(key);
  if (!saved) {
    store.keys.set(key, { at: now, endpoint, params, answer: undefined });
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
  if (!saved.answer) throw inUse(key);
  return saved.answer;
}

export function save(store: Idempotency, key: string, answer: Answer): void {
  const entry = store.keys.get(key);
  if (entry) entry.answer = answer;
}

/** The call never began to execute: the key is free again. */
export function release(store: Idempotency, key: string): void {
  if (!store.keys.get(key)?.answer) store.keys.delete(key);
}

// Keys are kept in the order they came, so the old ones are always in front.
function forgetOld(store: Idempotency, now: number): void {
  for (const [key, saved] of store.keys) {
    if (now - saved.at < rememberedMs) return;
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
