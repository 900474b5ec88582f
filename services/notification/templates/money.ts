import type { Money } from "@shop/contracts/common";

/** Currencies that do not have two minor digits in ISO 4217. For some of them, `Intl` differs from the standard. */
const fractionDigits: Record<string, number> = {
  ...currenciesWith(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...currenciesWith(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...currenciesWith(4, "CLF UYW"),
};

/** `{ amount: 1999, currency: "USD" }` → `$19.99` */
export function formatMoney({ amount, currency }: Money): string {
  const digits = fractionDigits[currency] ?? 2;
  const format = formats.get(currency) ?? createFormat(currency, digits);
  formats.set(currency, format);
  return format.format(amount / 10 ** digits);
}

/** A cache, because creating a format takes longer than rendering the rest of a mail. */
const formats = new Map<string, Intl.NumberFormat>();

const createFormat = (currency: string, digits: number) =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

function currenciesWith(digits: number, currencies: string): Record<string, number> {
  return Object.fromEntries(currencies.split(" ").map((currency) => [currency, digits]));
}
