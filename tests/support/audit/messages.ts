import type { Stores } from "./stores";

/** The fields of a sent message that tests compare. */
export type SentMessage = { source: string; subject: string; sequence: number; type: string; time: string };

/** @returns every message that order, inventory and payment sent about these orders, by message id */
export async function loadMessages(stores: Stores, orderIds: string[]): Promise<Map<string, SentMessage>> {
  const messages = new Map<string, SentMessage>();
  for await (const { _id, history } of stores.orders.find({ _id: { $in: orderIds } }))
    for (const { id, type, time, seq, note } of history)
      if (!note) messages.set(id, { source: "/services/order", subject: _id, sequence: seq, type, time });
  for (const database of [stores.payments, stores.inventory])
    for (const { message } of await database<{ message: SentMessage & { id: string } }[]>`
      select message from inbox, jsonb_array_elements(reply) as message
      where message->>'subject' = any(${orderIds}::text[])`)
      messages.set(message.id, message);
  return messages;
}
