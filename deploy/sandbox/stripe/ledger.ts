import { newId } from "../ids";
import type { Metadata } from "./types";

/** One movement of money. Tests compare the payments of the shop with these entries. */
export type LedgerEntry = Readonly<{
  seq: number;
  /** The id of the balance transaction. */
  transaction: string;
  /** Seconds since 1970, on the sandbox's clock. */
  at: number;
  type: "charge" | "refund" | "dispute";
  intent: string;
  charge: string;
  /** The id of the charge, refund or dispute that moved the money. */
  source: string;
  /** Minor units, always positive. A charge takes the amount; a refund or dispute returns it. */
  amount: number;
  currency: string;
  metadata: Metadata;
}>;

export type Totals = { charged: number; refunded: number; disputed: number; net: number; entries: number };

/** Append-only. No entry is ever removed, except by a reset. */
export type Ledger = { entries: LedgerEntry[] };

export const createLedger = (): Ledger => ({ entries: [] });

/** Appends an entry and returns the id of its balance transaction. */
export function appendEntry(ledger: Ledger, entry: Omit<LedgerEntry, "seq" | "transaction">): string {
  const transaction = newId("txn");
  ledger.entries.push({ seq: ledger.entries.length + 1, transaction, ...entry });
  return transaction;
}

export function listEntries(ledger: Ledger, paymentId: string | undefined): readonly LedgerEntry[] {
  if (paymentId === undefined) return ledger.entries;
  return ledger.entries.filter((entry) => entry.metadata.paymentId === paymentId);
}

export function totalsByCurrency(entries: readonly LedgerEntry[]): Record<string, Totals> {
  const totals: Record<string, Totals> = {};
  for (const { type, amount, currency } of entries) {
    totals[currency] ??= { charged: 0, refunded: 0, disputed: 0, net: 0, entries: 0 };
    const sum = totals[currency];
    sum.entries += 1;
    sum.net += type === "charge" ? amount : -amount;
    if (type === "charge") sum.charged += amount;
    else if (type === "refund") sum.refunded += amount;
    else sum.disputed += amount;
  }
  return totals;
}

/** How many times each payment was charged. More than one charge for a payment is a bug in the shop. */
export function chargesByPayment(entries: readonly LedgerEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type, metadata } of entries) {
    if (type !== "charge") continue;
    const paymentId = metadata.paymentId ?? "(none)";
    counts[paymentId] = (counts[paymentId] ?? 0) + 1;
  }
  return counts;
}
