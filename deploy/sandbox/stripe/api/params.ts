import type { Metadata } from "../types";
import { invalid, missingParam, StripeError } from "./errors";

export type Params = { [name: string]: string | Params };

/** Parses `a=1&metadata[paymentId]=x&expand[0]=y` into nested objects. Lists become objects with numeric names. */
export function parseForm(form: string): Params {
  const root: Params = Object.create(null);
  if (form === "") return root;
  for (const pair of form.split("&")) {
    const equals = pair.indexOf("=");
    const path = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const bracket = path.indexOf("[");
    if (bracket < 0) root[path] = value;
    else assign(root, path, bracket, value);
  }
  return root;
}

function assign(root: Params, path: string, bracket: number, value: string): void {
  if (!path.endsWith("]")) throw invalid(`Invalid request: malformed parameter name: ${path}`);
  const names = [path.slice(0, bracket), ...path.slice(bracket + 1, -1).split("][")];
  if (names.length > 6) throw invalid(`Invalid request: parameter nested too deeply: ${path}`);
  let target = root;
  for (const name of names.slice(0, -1)) {
    const next = target[name];
    if (typeof next === "object") target = next;
    else {
      const created: Params = Object.create(null);
      target[name] = created;
      target = created;
    }
  }
  const leaf = names.at(-1)!;
  target[leaf === "" ? String(Object.keys(target).length) : leaf] = value;
}

function decode(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalid("Invalid request: malformed percent-encoding in the parameters");
  }
}

/**
 * Refuses unknown parameter names, as Stripe does, so that typing mistakes are found.
 * @throws StripeError 400 for an unknown name, 402 for a card number
 */
export function rejectUnknownNames(params: Params, known: ReadonlySet<string>): void {
  for (const name in params) {
    const value = params[name];
    const card = name === "card" ? value : typeof value === "object" ? value.card : undefined;
    if (typeof card === "object" && "number" in card) throw rawCardNumber();
    if (!known.has(name)) throw invalid(`Received unknown parameter: ${name}`, name, "parameter_unknown");
  }
}

const rawCardNumber = () =>
  new StripeError(402, {
    type: "invalid_request_error",
    message:
      "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing.",
  });

export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "object") throw invalid("Invalid string", name);
  return value;
}

export function integer(params: Params, name: string): number | undefined {
  const value = text(params, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw invalid(`Invalid integer: ${value}`, name, "parameter_invalid_integer");
  return Number(value);
}

export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw missingParam(name);
  return value;
}

export function choice<T extends string>(params: Params, name: string, values: readonly T[]): T | undefined {
  const value = text(params, name);
  if (value === undefined || values.includes(value as T)) return value as T | undefined;
  throw invalid(`Invalid ${name}: must be one of ${values.join(", ")}`, name);
}

/** Merges the given metadata into the old. An empty value removes a key, as it does at Stripe. */
export function metadata(params: Params, old: Metadata = {}): Metadata {
  const given = params.metadata;
  if (given === undefined) return old;
  if (given === "") return {};
  if (typeof given !== "object") throw invalid("Invalid object", "metadata");
  const merged: Record<string, string> = { ...old };
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== "string" || key.length > 40 || value.length > 500) {
      throw invalid(`Invalid metadata: keys have at most 40 characters, values at most 500`, `metadata[${key}]`);
    }
    if (value === "") delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length > 50) throw invalid("Invalid metadata: at most 50 keys", "metadata");
  return merged;
}
