import { invalid, missingParam } from "./errors";
import type { Params } from "./params";
import * as read from "./params";
import { cardOf } from "./test-cards";

export const expandOf = (params: Params): string[] =>
  typeof params.expand === "object" ? Object.values(params.expand).filter((path) => typeof path === "string") : [];

export function methodOf(params: Params): string | undefined {
  const id = read.text(params, "payment_method");
  if (id !== undefined) cardOf(id);
  return id;
}

export function amountOf(params: Params): number {
  const amount = read.required(read.integer(params, "amount"), "amount");
  if (amount < 50) throw invalid("Amount must be at least $0.50 usd", "amount", "amount_too_small");
  if (amount > 99_999_999) throw invalid("Amount must be no more than $999,999.99", "amount", "amount_too_large");
  return amount;
}

export function currencyOf(params: Params): string {
  const currency = read.text(params, "currency")?.toLowerCase();
  if (currency === undefined) throw missingParam("currency");
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}.`, "currency");
  return currency;
}

export function returnUrlOf(params: Params): string | undefined {
  const url = read.text(params, "return_url");
  if (url === undefined) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalid("Not a valid URL", "return_url", "url_invalid");
  return url;
}

/** False once the caller has ruled out methods that send the customer elsewhere; Stripe allows them by default. */
export function redirectsAllowed(params: Params): boolean {
  // Of all the methods that Stripe knows, the sandbox plays cards: naming any rules the redirecting ones out.
  if (params.allowed_payment_method_types !== undefined) return false;
  const automatic = params.automatic_payment_methods;
  if (typeof automatic !== "object") return true;
  return automatic.enabled !== "false" && automatic.allow_redirects !== "never";
}
