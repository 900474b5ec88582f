import type { Money } from "@shop/contracts/common";

/** ISO 4217's exceptions from two digits. Intl's own table follows usage, which for some currencies is not the standard's. */
const digitsOf: Record<string, number> = {
  ...same(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...same(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...same(4, "CLF UYW"),
};

/** `{ amount: 1999, currency: "USD" }` → `$19.99` */
export function formatted({ amount, currency }: Money): string {
  const digits = digitsOf[currency] ?? 2;
  const format = formats.get(currency) ?? formatOf(currency, digits);
  formats.set(currency, format);
  return format.format(amount / 10 ** digits);
}

/** Making one takes longer than rendering the rest of a mail. There are no more of them than currencies. */
const formats = new Map<string, Intl.NumberFormat>();

const formatOf = (currency: string, digits: number) =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

function same(digits: number, currencies: string): Record<string, number> {
  return Object.fromEntries(currencies.split(" ").map((currency) => [currency, digits]));
}
