import { AppError } from "./errors";

const candidates = /(?<!\d)[2-689](?:[ -]?\d){12,18}(?!\d)/g;
/** Ids and digests are full of digits; one in a few hundred would pass for a card number. */
const ids = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{24,}\b/gi;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const value = index % 2 === 1 ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** Whether a text holds what looks like a card number: 13 to 19 digits, spaced or not, that pass the Luhn check. */
export function holdsCardNumber(text: string): boolean {
  for (const [match] of text.replace(ids, "").matchAll(candidates)) {
    const digits = match.replace(/\D/g, "");
    if (!/^(\d)\1+$/.test(digits) && passesLuhn(digits)) return true;
  }
  return false;
}

/** @throws AppError `card_number.refused` (422), before anything is logged or stored */
export function refuseCardNumber(text: string): void {
  if (holdsCardNumber(text))
    throw new AppError("card_number.refused", {
      kind: "invalid",
      public: "The request holds what looks like a card number. Send a payment method token instead.",
    });
}

const harmlessHeaders = new Set(["authorization", "traceparent", "content-length", "host", "x-request-id"]);

/** The same for a request's URL and headers. */
export function refuseCardNumberAround(request: Request): void {
  let text = request.url;
  request.headers.forEach((value, name) => {
    if (!harmlessHeaders.has(name)) text += `\n${value}`;
  });
  refuseCardNumber(text.includes("%") ? `${text}\n${decoded(text)}` : text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
