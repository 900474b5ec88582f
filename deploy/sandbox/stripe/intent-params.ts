import { invalid, missingParam } from "./api/errors";
import type { Params } from "./api/params";
import * as read from "./api/params";
import { findCard } from "./test-cards";

export const readExpand = (params: Params): string[] =>
  typeof params.expand === "object" ? Object.values(params.expand).filter((path) => typeof path === "string") : [];

export function readPaymentMethod(params: Params): string | undefined {
  const id = read.text(params, "payment_method");
  if (id !== undefined) findCard(id);
  return id;
}

export function readAmount(params: Params): number {
  const amount = read.required(read.integer(params, "amount"), "amount");
  if (amount < 50) throw invalid("Amount must be at least $0.50 usd", "amount", "amount_too_small");
  if (amount > 99_999_999) throw invalid("Amount must be no more than $999,999.99", "amount", "amount_too_large");
  return amount;
}

export function readCurrency(params: Params): string {
  const currency = read.text(params, "currency")?.toLowerCase();
  if (currency === undefined) throw missingParam("currency");
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}.`, "currency");
  return currency;
}

export function readReturnUrl(params: Params): string | undefined {
  const url = read.text(params, "return_url");
  if (url === undefined) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalid("Not a valid URL", "return_url", "url_invalid");
  return url;
}

/** Whether the customer may be redirected to another site to pay. Stripe allows it unless the caller excludes it. */
export function readRedirectsAllowed(params: Params): boolean {
  // The sandbox implements only cards, so any explicit list of methods excludes redirects.
  if (params.allowed_payment_method_types !== undefined) return false;
  const automatic = params.automatic_payment_methods;
  if (typeof automatic !== "object") return true;
  return automatic.enabled !== "false" && automatic.allow_redirects !== "never";
}
