import type { Message } from "../messaging/envelope";
import type { CommittedMessages } from "./store";

/** A row of table `outbox`: the message, whose sequence is `seq`. */
export type OutboxRow = { seq: string; body: Omit<Message, "sequence"> };

/** Groups rows by subject. Each group keeps its order and is acknowledged by its `seq` numbers. */
export const bySubject = (rows: OutboxRow[]): CommittedMessages<number[]>[] =>
  [...Map.groupBy(rows, (row) => row.body.subject).values()].map((group) => ({
    outgoing: group.map(({ seq, body }) => ({ message: { ...body, sequence: Number(seq) }, jobId: body.id })),
    ack: group.map(({ seq }) => Number(seq)),
  }));
