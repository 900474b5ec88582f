import { AppError } from "../errors/app-error";

/** 13 or more digits, with at most one space or hyphen between two of them. */
const digitRuns = /\d(?:[ -]?\d){12,}/g;
/** UUIDs and hex digests. They are removed first, because about one in a few hundred would look like a card number. */
const ids = /(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=\d*[a-f])[0-9a-f]{24,})(?![0-9a-z])/gi;
/**
 * The prefixes and lengths of the card schemes.
 * @see https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
 */
const schemes = /^(?:4\d{12,18}|5[0-8]\d{11,17}|2[2-7]\d{14,17}|3\d{13,18}|6\d{12,18}|8[12]\d{14,17}|9792\d{12})$/;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const value = index % 2 === 1 ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

const isCardNumber = (digits: string) => schemes.test(digits) && !/^(\d)\1+$/.test(digits) && passesLuhn(digits);

/** A run may hold more than the card number ("2 4111 1111 1111 1111 12/28"), so every sequence of adjacent groups is checked. */
function runContainsCardNumber(run: string): boolean {
  const groups = run.split(/[ -]/);
  for (let first = 0; first < groups.length; first++) {
    let digits = "";
    for (let last = first; last < groups.length && digits.length < 19; last++) {
      digits += groups[last];
      if (isCardNumber(digits)) return true;
    }
  }
  return false;
}

/** Replaces Unicode variants of digits, spaces and hyphens by their ASCII forms, and removes invisible characters. */
function toAscii(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text
    .normalize("NFKC")
    .replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-");
}

/** Whether a text contains 13 to 19 digits, with or without separators, that fit a card scheme and pass the Luhn check. */
export function containsCardNumber(text: string): boolean {
  for (const [run] of toAscii(text).replace(ids, "|").matchAll(digitRuns)) if (runContainsCardNumber(run)) return true;
  return false;
}

/** @throws AppError `card_number.refused` (422) if the text contains a card number */
export function rejectCardNumber(text: string): void {
  if (containsCardNumber(text))
    throw new AppError("card_number.refused", {
      kind: "invalid",
      public: "The request contains what looks like a card number. Send a payment method token instead.",
    });
}

/** Headers that are not checked: their digits are ids, lengths and ports. */
const uncheckedHeaders = new Set(["traceparent", "tracestate", "content-length", "host"]);

/**
 * Checks the URL and headers of a request, as they are and percent-decoded.
 * @throws AppError `card_number.refused` (422)
 */
export function rejectCardNumberInRequest(request: Request): void {
  let text = request.url;
  request.headers.forEach((value, name) => {
    if (!uncheckedHeaders.has(name)) text += `\n${value}`;
  });
  rejectCardNumber(/[%+]/.test(text) ? `${text}\n${percentDecode(text)}` : text);
}

/** Decodes what can be decoded. `decodeURIComponent` would reject the whole text because of one bad sequence. */
const percentDecode = (text: string) =>
  text
    .replaceAll("+", " ")
    .replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll("%", ""), "hex").toString());
