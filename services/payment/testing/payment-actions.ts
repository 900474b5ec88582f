import type { Payable } from "@shop/contracts/internal-api";
import type { MessageType } from "@shop/contracts/messages";
import type { User } from "@shop/kit/auth/access";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Sql } from "@shop/kit/stores/postgres";
import { testMessage } from "@shop/kit/testing/message";
import { chargeOrder } from "../commands/charge-order";
import { continueSaga } from "../commands/continue-saga";
import { type ProcessPayment, processPayment } from "../commands/process-payment";
import { voidPayment } from "../commands/void-payment";
import type { Deps } from "../deps";
import type { Payment } from "../domain/payment";
import type { TestSandbox } from "./sandbox";

type OrderReply = "order.status_changed" | "order.payment_refused";

/** What the order service and payers do, and the results that tests check. */
export function paymentActions(deps: Deps, sql: Sql, sandbox: TestSandbox) {
  const message = (type: MessageType, orderId: string, sagaid: string, data: object = {}): Message =>
    testMessage(type, { orderId, ...data }, { subject: orderId, sagaid });

  /** @throws Error unless the order has exactly one payment */
  async function paymentOf({ orderId }: Payable): Promise<Payment> {
    const [payment, ...others] = await deps.store.listByOrder(orderId);
    if (!payment || others.length > 0) throw new Error("expected exactly one payment");
    return payment;
  }

  /** Delivers order's reply to the saga of the order's payment. */
  async function replyFromOrder(order: Payable, type: OrderReply, data: object): Promise<Message> {
    const { sagaId } = await paymentOf(order);
    const reply = message(type, order.orderId, sagaId, data);
    await continueSaga(deps, reply.data, reply);
    return reply;
  }

  return {
    message,
    paymentOf,
    replyFromOrder,

    /** Delivers `payment.charge`. The saga id is the order id unless another one is given. */
    async charge({ orderId }: Payable, token = "pm_card_visa", sagaId = orderId): Promise<Message> {
      const command = message("payment.charge", orderId, sagaId);
      await chargeOrder(deps, chargeData(orderId, token), command);
      return command;
    },

    /** Delivers `payment.void`. */
    async voidCharge({ orderId }: Payable, sagaId = orderId, paymentId?: string): Promise<void> {
      const command = message("payment.void", orderId, sagaId);
      await voidPayment(deps, { orderId, reason: "test", paymentId }, command);
    },

    /** Requests a payment as the order's owner, and does not wait for it to end. */
    pay(order: Payable, overrides: Partial<ProcessPayment> = {}, user: User = ownerOf(order)): Promise<Payment> {
      return processPayment({ ...deps, waitMsMax: 0 }, user, { ...payRequest(order), ...overrides });
    },

    beginPayment: (order: Payable) => replyFromOrder(order, "order.status_changed", { to: "paying" }),

    /** The movements of money that the provider recorded: "charge 1999". */
    async ledgerLines(order: Payable): Promise<string[]> {
      const entries = await sandbox.ledger((await paymentOf(order)).id);
      return entries.map((entry) => `${entry.type} ${entry.amount}`);
    },

    /** The recorded calls to the provider: "create answered". */
    async callLines({ orderId }: Payable): Promise<string[]> {
      const rows = await sql`
        select t.call, t.outcome from transaction t join payment p on p.id = t.payment_id
        where p.order_id = ${orderId} order by seq`;
      return rows.map((row) => `${row.call} ${row.outcome}`);
    },

    /** The types of the messages sent about an order, in order. */
    async messageTypes(orderId: string): Promise<string[]> {
      const rows = await sql<{ type: string }[]>`
        select body->>'type' as type from outbox where subject = ${orderId} order by seq`;
      return rows.map((row) => row.type);
    },

    /** Ends every lease and pause, as if enough time had passed. */
    expireLeases: () => sql`
      update payment set lease_until = now() - interval '1 second', next_attempt_at = now() - interval '1 second'
      where next_attempt_at is not null`,
  };
}

export const chargeData = (orderId: string, token: string) => ({
  orderId,
  paymentMethod: { provider: "stripe", sealedToken: `sealed(${token})` },
});

export const payRequest = ({ orderId }: Payable): ProcessPayment => ({
  orderId,
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
});

export const ownerOf = ({ userId }: Payable): User => ({ id: userId, permissions: [], expiresAt: 0 });
