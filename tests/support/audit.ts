import { MongoClient } from "mongodb";
import postgres from "postgres";
import { sagaEndStatuses } from "../../services/_kit/saga/engine";
import { replay } from "../../services/order/replay";
import type { Said } from "./queue-watch";
import { sandboxUrl, stack } from "./stack";

type LedgerEntry = {
  type: "charge" | "refund";
  amount: number;
  currency: string;
  metadata: { paymentId?: string; orderId?: string };
};

const database = (name: string) =>
  postgres(Object.assign(new URL(stack.adminUrls.postgres), { pathname: `/${name}` }).href, { max: 2 });

/** Every order is what its history alone tells, unless a test has changed it by hand. */
type History = "tells the order" | "was passed over";

export type Books = ReturnType<typeof openBooks>;

/** Looks into every store, as an auditor would: beside the system, not through it. */
export function openBooks() {
  const payments = database("payments");
  const inventory = database("inventory");
  const notifications = database("notifications");
  const mongo = new MongoClient(stack.adminUrls.mongo);
  const orders = mongo.db("orders").collection<{
    _id: string;
    userId: string;
    status: string;
    items: { productId: string; quantity: number }[];
    saga: { status: string };
    cancelReason?: string;
    total: { amount: number };
    version: number;
    sentSeq: number;
    projectedSeq?: number;
    lastSeq: number;
    history: { seq: number; id: string; type: string; time: string; data: unknown; note?: true }[];
  }>("orders");

  const sandbox = stack.pid("sandbox");

  return {
    orders,
    history: mongo.db("orders").collection<{ _id: string }>("order_history"),
    payments,
    inventory,
    async close() {
      await Promise.all([payments.end(), inventory.end(), notifications.end(), mongo.close()]);
    },

    /** @returns what is wrong, in words; nothing when every order is settled and paid exactly as its status says */
    async problemsOf(orderIds: string[], history: History = "tells the order"): Promise<string[]> {
      const problems: string[] = [];
      if (stack.pid("sandbox") !== sandbox) problems.push("the sandbox was started again: its ledger is not whole");
      const docs = new Map((await orders.find({ _id: { $in: orderIds } }).toArray()).map((doc) => [doc._id, doc]));
      const ledger = await readLedger();
      const rows = await payments<{ order_id: string; id: string; status: string; saga: string | null }[]>`
        select order_id, id, status, saga->>'status' as saga from payment where order_id = any(${orderIds}::uuid[])`;
      const holds = await inventory<{ order_id: string; status: string }[]>`
        select order_id, status from reservation where order_id = any(${orderIds}::uuid[])`;
      const moved = await inventory<{ order_id: string; left: number }[]>`
        select order_id, sum(delta)::int as left from stock_movement where order_id = any(${orderIds}::uuid[]) group by order_id`;
      const told = [...docs.values()].flatMap((doc) => doc.history.map((entry) => entry.id));
      const mails = await notifications<{ message_id: string }[]>`
        select message_id from delivery where status = 'sent' and message_id = any(${told}::uuid[])`;
      const sent = new Set(mails.map((mail) => mail.message_id));
      const anyRefunds = orderIds.some((id) => ledger.refunds.has(id));
      const refundMails = anyRefunds ? await mailsAbout("Your money is on its way back") : [];
      for (const id of orderIds) {
        const doc = docs.get(id);
        if (!doc) {
          problems.push(`${id}: lost`);
          continue;
        }
        const news = doc.history.filter(isNews);
        if (news.length === 0 || news.some((message) => !sent.has(message.id)))
          problems.push(`${id}: nobody was told by mail`);
        const payment = rows.filter((row) => row.order_id === id);
        const charged = ledger.charges.get(id) ?? [];
        const kept = sum(charged) - sum(ledger.refunds.get(id) ?? []);
        const refunds = ledger.refunds.get(id)?.length ?? 0;
        const toldOf = refundMails.filter((text) => text.includes(id)).length;
        if (toldOf !== refunds) problems.push(`${id}: refunded ${refunds} times, told so by mail ${toldOf} times`);
        const held = new Set(holds.filter((hold) => hold.order_id === id).map((hold) => hold.status));
        if (!sagaEndStatuses.includes(doc.saga.status)) problems.push(`${id}: saga is ${doc.saga.status}`);
        for (const { saga } of payment)
          if (saga && !sagaEndStatuses.includes(saga)) problems.push(`${id}: payment's saga is ${saga}`);
        if (charged.length > 1) problems.push(`${id}: charged ${charged.length} times`);
        const gone = -(moved.find((row) => row.order_id === id)?.left ?? 0);
        if (["confirmed", "shipped", "delivered"].includes(doc.status)) {
          if (kept !== doc.total.amount)
            problems.push(`${id}: ${doc.status}, but ${kept} of ${doc.total.amount} was kept`);
          if (payment.length !== 1 || payment[0]?.status !== "completed")
            problems.push(`${id}: ${doc.status}, payment ${payment[0]?.status}`);
          if (held.size !== 1 || !held.has("committed")) problems.push(`${id}: ${doc.status}, stock ${[...held]}`);
          if (gone <= 0) problems.push(`${id}: ${doc.status}, but nothing left the stock`);
        } else if (doc.status === "cancelled") {
          if (kept !== 0) problems.push(`${id}: cancelled, but ${kept} was kept`);
          if (payment.some((row) => row.status === "completed")) problems.push(`${id}: cancelled, payment completed`);
          if (held.has("held") || held.has("committed")) problems.push(`${id}: cancelled, stock ${[...held]}`);
          if (gone !== 0) problems.push(`${id}: cancelled, but ${gone} of the stock is gone`);
          const wasConfirmed = doc.history.some(({ type }) => type === "order.confirmed");
          if (wasConfirmed && charged.length !== 1)
            problems.push(`${id}: was confirmed, charged ${charged.length} times`);
          if (wasConfirmed && (held.size !== 1 || !held.has("released")))
            problems.push(`${id}: was confirmed and cancelled, stock ${[...held]}`);
          if (wasConfirmed && payment.some((row) => row.status !== "voided"))
            problems.push(`${id}: was confirmed and cancelled, payment ${payment.map((row) => row.status)}`);
        } else problems.push(`${id}: is ${doc.status}`);
      }
      if (history === "was passed over") return problems;
      const { differences, underWay } = await replay(mongo.db("orders"), { only: orderIds });
      if (underWay > 0) problems.push(`${underWay} histories are not whole in order_history`);
      problems.push(...differences);
      return problems;
    },

    /** Waits until an audit finds nothing. @returns the findings that stay */
    async problemsThatStay(orderIds: string[], history?: History): Promise<string[]> {
      const until = Date.now() + 60_000;
      for (;;) {
        const problems = await this.problemsOf(orderIds, history);
        if (problems.length === 0 || Date.now() > until) return problems;
        await Bun.sleep(250);
      }
    },

    /** @throws with the findings that stay */
    async balance(orderIds: string[], history?: History): Promise<void> {
      const problems = await this.problemsThatStay(orderIds, history);
      if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.slice(0, 20).join("\n")}`);
    },

    /** How many of these orders have a saga that goes on, and how long it took until there were none. */
    async sagasOpen(orderIds: string[], withinMs: number): Promise<{ open: string[]; tookMs: number }> {
      const started = Date.now();
      for (;;) {
        const going = { _id: { $in: orderIds }, "saga.status": { $nin: sagaEndStatuses } };
        const open = await orders.find(going, { projection: { saga: 1, status: 1 } }).toArray();
        const tookMs = Date.now() - started;
        if (open.length === 0 || tookMs > withinMs)
          return { open: open.map((doc) => `${doc._id}: ${doc.status}, saga ${JSON.stringify(doc.saga)}`), tookMs };
        await Bun.sleep(100);
      }
    },

    /** Every message of order, inventory and payment about these orders, by its id. */
    async messagesOf(orderIds: string[]): Promise<Map<string, Said>> {
      const said = new Map<string, Said>();
      for await (const { _id, history } of orders.find({ _id: { $in: orderIds } }))
        for (const { id, type, time, seq, note } of history)
          if (!note) said.set(id, { source: "/services/order", subject: _id, sequence: seq, type, time });
      for (const database of [payments, inventory])
        for (const { message } of await database<{ message: Said & { id: string } }[]>`
          select message from inbox, jsonb_array_elements(reply) as message
          where message->>'subject' = any(${orderIds}::text[])`)
          said.set(message.id, message);
      return said;
    },

    /** Orders of these buyers that nobody was told of: a request tried again has made a second one. */
    async unknownOrders(buyerIds: string[], known: string[]): Promise<string[]> {
      const docs = await orders
        .find({ userId: { $in: buyerIds }, _id: { $nin: known } }, { projection: { _id: 1 } })
        .toArray();
      return docs.map(({ _id }) => _id);
    },

    /** Of every product, what is there, and what of that is free to be sold and reserved by orders. */
    async stock(): Promise<Map<string, { onHand: number; free: number; reserved: number }>> {
      const rows = await inventory<{ id: string; onHand: number; free: number; reserved: number }[]>`
        select p.id, p.on_hand as "onHand", p.on_hand - h.reserved as free, h.reserved from product p
        cross join lateral (
          select coalesce(sum(quantity), 0)::int as reserved from reservation where product_id = p.id and status = 'held'
        ) h`;
      return new Map(rows.map(({ id, ...counts }) => [id, counts]));
    },

    /** What is neither on hand nor held any more must have been sold in these orders, unit by unit. */
    async soldProblems(before: Map<string, { onHand: number }>, orderIds: string[]): Promise<string[]> {
      const sold = new Map<string, number>();
      for await (const { items } of orders.find({ _id: { $in: orderIds }, status: "confirmed" }))
        for (const item of items) sold.set(item.productId, (sold.get(item.productId) ?? 0) + item.quantity);
      return [...(await this.stock())].flatMap(([id, now]) => {
        const initial = before.get(id)?.onHand ?? 0;
        const gone = sold.get(id) ?? 0;
        if (initial === now.free + now.reserved + gone) return [];
        return [`product ${id}: ${initial} were there, ${now.free} are, ${now.reserved} reserved, ${gone} sold`];
      });
    },

    /** Stock that does not add up, per product: on hand = all movements; pinned = all holds; nothing below zero. */
    async stockProblems(): Promise<object[]> {
      const rows = await inventory<object[]>`
        select p.id, p.on_hand, p.pinned, m.moved, h.held from product p
        cross join lateral (select coalesce(sum(delta), 0) as moved from stock_movement where product_id = p.id) m
        cross join lateral (
          select coalesce(sum(quantity), 0) as held from reservation where product_id = p.id and status = 'held' and expires_at is null
        ) h
        where p.on_hand <> m.moved or p.pinned <> h.held or p.on_hand < p.pinned`;
      return [...rows];
    },
  };
}

/** What the buyer is to be told by mail. */
const isNews = ({ type, data }: { type: string; data: unknown }) =>
  type === "order.confirmed" ||
  type === "order.cancelled" ||
  (type === "order.status_changed" && (data as { to: string }).to === "shipped");

const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);

/** The texts of all mails of that subject. */
async function mailsAbout(subject: string): Promise<string[]> {
  const answer = await fetch(`${sandboxUrl}/inbox.json?limit=10000&subject=${encodeURIComponent(subject)}`);
  return ((await answer.json()) as { text: string }[]).map(({ text }) => text);
}

/** The provider's own account of what it took and gave back, by order. */
export async function readLedger() {
  const { entries } = (await (await fetch(`${sandboxUrl}/ledger.json`)).json()) as { entries: LedgerEntry[] };
  const of = (type: LedgerEntry["type"]) => {
    const amounts = new Map<string, number[]>();
    for (const entry of entries) {
      const orderId = entry.metadata.orderId;
      if (entry.type === type && orderId) amounts.set(orderId, [...(amounts.get(orderId) ?? []), entry.amount]);
    }
    return amounts;
  };
  return { charges: of("charge"), refunds: of("refund") };
}
