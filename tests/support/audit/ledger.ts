import type { LedgerEntry } from "../../../deploy/local/clients/sandbox-api";
import { sandbox } from "../stack";

/** What the payment provider charged and refunded: the amounts of each order, by order id. */
export type Ledger = { charges: Map<string, number[]>; refunds: Map<string, number[]> };

export async function loadLedger(): Promise<Ledger> {
  const entries = await sandbox.listLedger();
  return { charges: amountsByOrder(entries, "charge"), refunds: amountsByOrder(entries, "refund") };
}

function amountsByOrder(entries: LedgerEntry[], type: LedgerEntry["type"]): Map<string, number[]> {
  const amounts = new Map<string, number[]>();
  for (const entry of entries) {
    const { orderId } = entry.metadata;
    if (entry.type === type && orderId) amounts.set(orderId, [...(amounts.get(orderId) ?? []), entry.amount]);
  }
  return amounts;
}

export const sum = (amounts: number[] = []): number => amounts.reduce((total, amount) => total + amount, 0);
