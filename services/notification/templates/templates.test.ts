import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatMoney } from "./money";
import { isTemplate, render } from "./render";

const publicUrl = "https://shop.test";
const order = {
  orderId: "019b76da-a800-7000-8000-000000000001",
  userId: "019b76da-a800-7000-8000-000000000002",
  items: [
    { productId: "p1", quantity: 2, name: "Mug", unitPrice: { amount: 1999, currency: "USD" } },
    { productId: "p2", quantity: 1, name: "Tea <b>& more</b>", unitPrice: { amount: 500, currency: "USD" } },
  ],
  total: { amount: 4498, currency: "USD" },
  name: "Ada",
};

describe("money", () => {
  test.each([
    [1999, "USD", "$19.99"],
    [1, "EUR", "€0.01"],
    [1999, "JPY", "¥1,999"],
    [1999, "KWD", "KWD 1.999"],
    [19_999, "CLF", "CLF 1.9999"],
    [199_900, "HUF", "HUF 1,999.00"],
    [1999, "IQD", "IQD 1.999"],
    [100, "ZZZ", "ZZZ 1.00"],
  ])("%d minor units of %s are %s", (amount, currency, text) => {
    expect(formatMoney({ amount, currency }).replace(/\u00a0/g, " ")).toBe(text);
  });
});

describe("the confirmation of an order", () => {
  const { subject, text, html } = render("order-confirmed", order, publicUrl);

  test("contains the items, the total and a link to the order", () => {
    expect(subject).toBe("Your order is confirmed");
    expect(text).toStartWith("Hello Ada,\n\n");
    for (const part of ["2 × Mug  $39.98", "Total  $44.98", `https://shop.test/api/v1/orders/${order.orderId}`])
      expect(text).toContain(part);
    for (const part of ["$39.98", "$44.98", `href="https://shop.test/api/v1/orders/${order.orderId}"`])
      expect(html).toContain(part);
  });

  test("escapes product names in HTML only", () => {
    expect(html).toContain("Tea &lt;b&gt;&amp; more&lt;/b&gt;");
    expect(text).toContain("Tea <b>& more</b>");
  });
});

test.each([
  ["inventory.out_of_stock", "in stock"],
  ["payment.card_declined", "did not go through"],
  ["order.cancel_requested", "You asked us"],
  ["order.hold_expired", "not paid in time"],
  ["something.else", "could not be completed"],
])("the cancellation of an order replaces the reason %s with a sentence", (reason, words) => {
  const { text, html } = render("order-cancelled", { ...order, reason }, publicUrl);
  expect(text).toContain(words);
  expect(text + html).not.toContain(reason);
});

test("the shipping notification contains the reason, and no placeholder without one", () => {
  const parcel = { orderId: order.orderId, name: "Ada" };
  const { subject, text } = render("order-shipped", { ...parcel, reason: "Parcel 42" }, publicUrl);
  expect(subject).toBe("Your order is on its way");
  for (const part of ["Parcel 42", `https://shop.test/api/v1/orders/${order.orderId}`]) expect(text).toContain(part);
  expect(render("order-shipped", parcel, publicUrl).text).not.toContain("undefined");
});

test("the refund notification contains the amount and the ids of refund and order", () => {
  const refund = { orderId: order.orderId, refundId: "r1", refunded: { amount: 1999, currency: "USD" }, name: "Ada" };
  const { subject, text, html } = render("payment-refunded", refund, publicUrl);
  expect(subject).toBe("Your money is on its way back");
  for (const part of ["$19.99", "r1", order.orderId]) for (const form of [text, html]) expect(form).toContain(part);
});

test.each(["welcome", "verify-email"] as const)("%s contains the verification link in text and HTML", (template) => {
  const { text, html } = render(template, { name: "Ada", token: "a.b.c" }, publicUrl);
  for (const form of [text, html]) expect(form).toContain("https://shop.test/verify-email#a.b.c");
});

test("a welcome without a token contains no link; only known templates are accepted", () => {
  const { text } = render("welcome", { name: "Ada" }, publicUrl);
  for (const part of ["undefined", "verify-email"]) expect(text).not.toContain(part);
  expect(isTemplate("welcome")).toBe(true);
  expect(isTemplate("toString")).toBe(false);
});

test("a name cannot add markup, a line or a header", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const { subject, text, html } = render("welcome", { name: `<i>${name}\r\nX: y` }, publicUrl);
      expect(html).not.toContain("<i>");
      expect(text.split("\n")[0]).toEndWith("X: y,");
      expect(subject).not.toMatch(/[\r\n]/);
    }),
  );
});
