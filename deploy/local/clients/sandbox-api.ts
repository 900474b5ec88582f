import { expectStatus, requestJson } from "./json-request";
import type { PaymentMethod } from "./shop-api";

/** Payment tokens of Stripe's test cards, as the sandbox accepts them. @see https://docs.stripe.com/testing */
export const testCards = { approved: "pm_card_visa", declined: "pm_card_chargeDeclined" };

export const stripeCard = (token: string): PaymentMethod => ({ provider: "stripe", token });

export type Mail = { subject: string; text: string };
/** One movement of money at the payment provider. */
export type LedgerEntry = {
  type: "charge" | "refund" | "dispute";
  amount: number;
  metadata: { orderId?: string };
};
/** @see deploy/sandbox/faults.ts for the operations and kinds */
export type NewFault = { operation: string; kind: string; probability: number };
/** `struck`: how often the fault was applied. */
export type Fault = NewFault & { struck: number };

/** The program that stands in for the payment provider and the mail server in development and tests. */
export function sandboxApi(url: string) {
  const get = async <T>(path: string) => expectStatus(await requestJson<T>("GET", `${url}${path}`), 200);
  return {
    url,
    /** Mails received, the newest first. */
    listMails: (filter: { to?: string; subject?: string; limit?: number }) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(filter)) query.set(name, String(value));
      return get<Mail[]>(`/inbox.json?${query}`);
    },
    /** Every movement of money at the payment provider, the oldest first. */
    listLedger: async () => (await get<{ entries: LedgerEntry[] }>("/ledger.json")).entries,
    listFaults: async () => (await get<{ items: Fault[] }>("/control/faults")).items,
    addFault: async (fault: NewFault) =>
      expectStatus(await requestJson<Fault>("POST", `${url}/control/faults`, { body: fault }), 201),
    clearFaults: async () => {
      expectStatus(await requestJson("DELETE", `${url}/control/faults`), 204);
    },
  };
}
