import type { Money } from "@shop/contracts/common";

/** Currencies whose number of minor digits in ISO 4217 is not two. `Intl` follows common usage, which differs for some of them. */
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

/** Creating a format takes longer than rendering the rest of a mail. The cache is bounded by the number of currencies. */
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
