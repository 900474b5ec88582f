import { AppError } from "../errors/app-error";

/** Digits, with at most one space or hyphen between two of them. */
const runs = /\d(?:[ -]?\d){12,}/g;
/** Ids and digests are full of digits; one in a few hundred would pass for a card number. */
const ids = /(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=\d*[a-f])[0-9a-f]{24,})(?![0-9a-z])/gi;
/** How the numbers of the card schemes begin, and how long they are. */
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

/** A number may have others before and after it ("2 4111 1111 1111 1111 12/28"): any groups next to each other may be one. */
function runHoldsCardNumber(run: string): boolean {
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

/** Other writings of digits, spaces and hyphens as the plain ones. */
function plain(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text
    .normalize("NFKC")
    .replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-");
}

/** Whether a text holds what looks like a card number: 13 to 19 digits, spaced or not, that pass the Luhn check. */
export function containsCardNumber(text: string): boolean {
  for (const [run] of plain(text).replace(ids, "|").matchAll(runs)) if (runHoldsCardNumber(run)) return true;
  return false;
}

/** @throws AppError `card_number.refused` (422), before anything is logged or stored */
export function rejectCardNumber(text: string): void {
  if (containsCardNumber(text))
    throw new AppError("card_number.refused", {
      kind: "invalid",
      public: "The request holds what looks like a card number. Send a payment method token instead.",
    });
}

/** Digits that mean something else. */
const harmlessHeaders = new Set(["traceparent", "tracestate", "content-length", "host"]);

/** The same for a request's URL and headers. */
export function rejectCardNumberInRequest(request: Request): void {
  let text = request.url;
  request.headers.forEach((value, name) => {
    if (!harmlessHeaders.has(name)) text += `\n${value}`;
  });
  rejectCardNumber(/[%+]/.test(text) ? `${text}\n${decoded(text)}` : text);
}

/** Percent signs taken back where they can be: what cannot be decoded does not hide what can. */
const decoded = (text: string) =>
  text
    .replaceAll("+", " ")
    .replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll("%", ""), "hex").toString());
