import { expect, test } from "bun:test";
import { integer, metadata, parseForm } from "./params";

test("parses nested parameters, lists and encoded text as Stripe does", () => {
  const params = parseForm("amount=1999&metadata[paymentId]=a%26b+c&expand[0]=x&expand[]=y&a[b][c]=1&empty=");
  expect(params).toEqual(
    Object.assign(Object.create(null), {
      amount: "1999",
      metadata: Object.assign(Object.create(null), { paymentId: "a&b c" }),
      expand: Object.assign(Object.create(null), { 0: "x", 1: "y" }),
      a: Object.assign(Object.create(null), { b: Object.assign(Object.create(null), { c: "1" }) }),
      empty: "",
    }),
  );
});

test("names of JavaScript prototype properties are ordinary names", () => {
  const params = parseForm("__proto__[polluted]=1&constructor[x]=2");
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
  expect(Object.keys(params)).toEqual(["__proto__", "constructor"]);
});

test("refuses malformed names, encodings and numbers, and metadata that is too long", () => {
  expect(() => parseForm("a[b=1")).toThrow("malformed parameter name");
  expect(() => parseForm("a=%zz")).toThrow("malformed percent-encoding");
  expect(() => integer(parseForm("amount=12x"), "amount")).toThrow("Invalid integer: 12x");
  expect(() => metadata(parseForm(`metadata[k]=${"x".repeat(501)}`))).toThrow("at most 500");
});
