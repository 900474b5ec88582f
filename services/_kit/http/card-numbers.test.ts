import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { containsCardNumber, rejectCardNumberInRequest } from "./card-numbers";

/** The published test number of each scheme. */
const cards = {
  Visa: "4111111111111111",
  "Visa of 13 digits": "4222222222222",
  Mastercard: "5555555555554444",
  "Mastercard, 2-series": "2223003122003222",
  "American Express": "378282246310005",
  Discover: "6011111111111117",
  "Diners Club": "30569309025904",
  JCB: "3530111333300000",
  UnionPay: "6200000000000005",
  Maestro: "6759649826438453",
  Mir: "2200000000000004",
  RuPay: "8171999927660000",
  Troy: "9792030394440796",
};
const numbers = Object.values(cards);
const grouped = (number: string, separator: string) => number.replace(/(\d{4})(?=\d)/g, `$1${separator}`);
const asRequest =
  (url: string, headers: Record<string, string> = {}) =>
  () =>
    rejectCardNumberInRequest(new Request(`http://service.test${url}`, { headers }));

describe.each(Object.entries(cards))("a %s number is found", (_scheme, number) => {
  test.each([
    ["plain", number],
    ["in groups of four", grouped(number, " ")],
    ["with hyphens", grouped(number, "-")],
    ["next to letters", `pan${number}x`],
    ["as a JSON number", `{"a":${number}}`],
    ["after another number", `2 ${number}`],
    ["before the expiry date and security code", `${grouped(number, " ")} 12/28 123`],
    ["before the security code", `${number} 123`],
    ["in full-width digits", number.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
    ["with no-break spaces", grouped(number, "\u00a0")],
    ["with en dashes", grouped(number, "–")],
    ["with zero-width spaces", grouped(number, "\u200b")],
    ["after a UUID", `${Bun.randomUUIDv7()} ${number}`],
  ])("%s", (_how, text) => expect(containsCardNumber(text)).toBe(true));
});

describe("other text passes", () => {
  const pass = (arbitrary: fc.Arbitrary<string>) =>
    fc.assert(
      fc.property(arbitrary, (text) => !containsCardNumber(text)),
      { numRuns: 5_000 },
    );
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));

  test("UUIDs", () => {
    for (let count = 0; count < 20_000; count++) expect(containsCardNumber(Bun.randomUUIDv7())).toBe(false);
  });
  test("UUIDs with few letters, with a prefix, next to each other", () =>
    pass(
      fc.tuple(bytes(16), fc.constantFrom("", "order_", "sub-", '"', "/orders/")).map(([id, prefix]) => {
        const hex = id.toString("hex").replace(/[c-f]/g, "8");
        const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
        return `${prefix}${uuid}-${uuid} ${uuid}`;
      }),
    ));
  test("hex digests", () =>
    pass(fc.constantFrom(16, 20, 32, 64).chain((length) => bytes(length).map((digest) => digest.toString("hex")))));
  test("signed tokens", () =>
    pass(
      fc.tuple(bytes(24), bytes(120), bytes(64)).map((parts) => parts.map((p) => p.toString("base64url")).join(".")),
    ));
  test("dates and timestamps", () =>
    pass(
      fc.date({ noInvalidDate: true, min: new Date("2000-01-01"), max: new Date("2032-12-31") }).map((at) => {
        const iso = at.toISOString();
        return `${iso} ${at.getTime()} ${at.getTime()}000 ${iso.replace(/\D/g, "").slice(0, 14)} ${iso.slice(0, 10)}`;
      }),
    ));
  test("amounts, and numbers that fail the Luhn check", () => {
    expect(containsCardNumber('{"amount":1999,"currency":"USD"}')).toBe(false);
    for (const number of numbers) {
      const last = (Number(number.at(-1)) + 1) % 10;
      expect(containsCardNumber(number.slice(0, -1) + last)).toBe(false);
    }
    expect(containsCardNumber("0000 0000 0000 0000 6666666666666666")).toBe(false);
    expect(containsCardNumber(`${numbers[0]}${"0".repeat(20)}`)).toBe(false);
  });
});

describe("a request", () => {
  test.each(numbers)("with %s in its path, query or headers is refused", (number) => {
    expect(asRequest(`/products/${number}`)).toThrow();
    expect(asRequest(`/products?q=${number}`)).toThrow();
    expect(asRequest("/products", { "x-note": grouped(number, " ") })).toThrow();
    expect(asRequest("/products", { authorization: `Bearer ${number}` })).toThrow();
    expect(asRequest("/products", { "x-request-id": number })).toThrow();
    expect(asRequest("/products", { cookie: `card=${number}` })).toThrow();
  });
  test.each([
    ["with one percent-encoded digit", "?q=%3" + "4111111111111111"],
    ["with every digit percent-encoded", `?q=${[..."4111111111111111"].map((digit) => `%3${digit}`).join("")}`],
    ["with percent-encoded spaces", "?q=4111%201111%201111%201111"],
    ["with plus signs for spaces", "?q=4111+1111+1111+1111"],
    ["with percent-encoded no-break spaces", "?q=4111%C2%A01111%C2%A01111%C2%A01111"],
    ["next to an invalid percent sequence", "?bad=%E0%A4%A&q=%34111111111111111"],
  ])("%s is refused", (_how, query) => expect(asRequest(`/products${query}`)).toThrow());
  test("with trace ids and UUIDs passes", () => {
    const traceparent = "00-41111111111111114111111111111111-4111111111111111-01";
    expect(asRequest(`/orders/${Bun.randomUUIDv7()}?a=%zz`, { traceparent })).not.toThrow();
  });
});
