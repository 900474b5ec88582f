import { historyDifferences } from "./audit/histories";
import { loadLedger } from "./audit/ledger";
import { mailDifferences } from "./audit/mails";
import { loadMessages } from "./audit/messages";
import { moneyDifferences } from "./audit/money";
import { awaitSagaEnds, sagaDifferences } from "./audit/sagas";
import { type ProductStock, productDifferences, readStock, salesDifferences, stockDifferences } from "./audit/stock";
import { openStores } from "./audit/stores";
import { stack } from "./stack";

/** `compareHistory: false`: a test has edited an order in the database, so its history does not match any more. */
type AuditOptions = { compareHistory?: boolean };

export type Audit = ReturnType<typeof openAudit>;

/** How long a difference may exist, because messages are still under way, ms. */
const settleMsMax = 60_000;

/** Compares every store with every other one and with the provider's ledger, without going through the services. */
export function openAudit() {
  const stores = openStores();
  const sandboxPid = stack.pid("sandbox");

  /** @returns a line for each difference; none if every order is settled, and all stores agree about it */
  async function differences(orderIds: string[], { compareHistory = true }: AuditOptions = {}): Promise<string[]> {
    const orders = await stores.orders.find({ _id: { $in: orderIds } }).toArray();
    const found = new Set(orders.map(({ _id }) => _id));
    const ledger = await loadLedger();
    const lists = await Promise.all([
      sagaDifferences(stores, orders),
      moneyDifferences(stores, orders, ledger),
      stockDifferences(stores, orders),
      mailDifferences(stores, orders, ledger),
      compareHistory ? historyDifferences(stores, orderIds) : [],
    ]);
    return [
      ...(stack.pid("sandbox") === sandboxPid ? [] : ["the sandbox was restarted: its ledger is incomplete"]),
      ...orderIds.filter((id) => !found.has(id)).map((id) => `${id}: lost`),
      ...lists.flat(),
    ];
  }

  /** Audits until there is no difference. @returns the differences that remain after a minute */
  async function remainingDifferences(orderIds: string[], options?: AuditOptions): Promise<string[]> {
    const deadline = Date.now() + settleMsMax;
    for (;;) {
      const remaining = await differences(orderIds, options);
      if (remaining.length === 0 || Date.now() > deadline) return remaining;
      await Bun.sleep(250);
    }
  }

  return {
    ...stores,
    differences,
    remainingDifferences,
    /** @throws Error with the differences that remain after a minute */
    async expectConsistent(orderIds: string[], options?: AuditOptions): Promise<void> {
      const remaining = await remainingDifferences(orderIds, options);
      if (remaining.length > 0)
        throw new Error(`${remaining.length} differences:\n${remaining.slice(0, 20).join("\n")}`);
    },
    /** Orders of these buyers that no response named: a retried request has placed a second order. */
    async unacknowledgedOrders(buyerIds: string[], acknowledgedIds: string[]): Promise<string[]> {
      const filter = { userId: { $in: buyerIds }, _id: { $nin: acknowledgedIds } };
      const orders = await stores.orders.find(filter, { projection: { _id: 1 } }).toArray();
      return orders.map(({ _id }) => _id);
    },
    awaitSagaEnds: (orderIds: string[], timeoutMs: number) => awaitSagaEnds(stores, orderIds, timeoutMs),
    loadMessages: (orderIds: string[]) => loadMessages(stores, orderIds),
    readStock: () => readStock(stores),
    productDifferences: () => productDifferences(stores),
    salesDifferences: (before: Map<string, ProductStock>, orderIds: string[]) =>
      salesDifferences(stores, before, orderIds),
  };
}
