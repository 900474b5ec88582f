import { every } from "../async/every";
import type { Clock } from "../clock";
import { type Catalogue, createMessage, type Draft, type DraftOf, type Message } from "../messaging/envelope";
import type { Publisher } from "../messaging/publisher";
import { isUniqueViolation, type Sql, type TransactionSql } from "../stores/postgres";
import type { Log } from "../telemetry/log";
import { traceparent } from "../telemetry/tracing";
import { deleteOldInboxRows, findHandled, loadReply, type SubjectDrafts, storeMessages } from "./postgres-commit";
import { bySubject, type OutboxRow } from "./postgres-rows";
import { postgresOutboxStore } from "./postgres-store";
import { startRelay } from "./relay";

/** What one transaction does: it changes rows and returns the messages to send about `subject`. */
export type Work<C extends Catalogue, R> = (
  tx: TransactionSql,
) => Promise<{ subject: string; drafts: DraftOf<C>[]; result: R }>;

/** What one transaction does for many messages: `fresh` are those that were not handled before. */
export type BatchWork = (tx: TransactionSql, fresh: Message[]) => Promise<SubjectDrafts[]>;

export type PostgresOutbox<C extends Catalogue> = {
  /**
   * Commits changed rows, messages and the inbox entry of `message` in one transaction, then publishes.
   * @param message the message being handled; undefined if the work was started by a request
   * @returns the result of `work`; undefined if `message` was handled before: then its stored reply is sent again
   * @throws what `work` throws, and nothing is committed; also if a stored reply cannot be published, so that the
   * message is retried
   */
  commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined>;
  /**
   * Handles many messages in one transaction, which succeeds or fails as a whole.
   * @returns the ids of the messages that were handled before; their stored replies are sent again
   */
  commitAll(messages: Message[], work: BatchWork): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
};

/** Outbox and inbox of a service on PostgreSQL: the tables of `outbox/schema.ts`. */
export function postgresOutbox<C extends Catalogue>(o: {
  sql: Sql;
  source: string;
  catalogue: C;
  publisher: Publisher;
  clock: Clock;
  log: Log;
}): PostgresOutbox<C> {
  const { sql } = o;
  const relay = startRelay({
    publisher: o.publisher,
    log: o.log,
    acknowledgeEveryMs: 100,
    sweepEveryMs: 500,
    store: postgresOutboxStore(sql),
  });
  const stopInboxRetention = every(60_000, () => deleteOldInboxRows(sql), o.log);

  function toBody(draft: Draft, { subject, traceparent }: SubjectDrafts): OutboxRow["body"] {
    const version = o.catalogue[draft.type]?.version ?? 1;
    const context = { source: o.source, subject, sequence: 0, version, now: o.clock.now(), traceparent };
    const { sequence: _, ...body } = createMessage(draft, context);
    return body;
  }

  /** Waits until the reply is in Redis. The relay does not publish it, so if this fails the message is retried. */
  async function resendReply(messageId: string): Promise<void> {
    const reply = await loadReply(sql, messageId);
    const suffix = Bun.randomUUIDv7();
    await o.publisher.publish(reply.map((message) => ({ message, jobId: `${message.id}-${suffix}` })));
  }

  async function commitAll(messages: Message[], work: BatchWork): Promise<ReadonlySet<string>> {
    const { handled, rows } = await sql
      .begin(async (tx) => {
        const known = messages.length > 0 ? await findHandled(tx, messages) : new Set<string>();
        const fresh = messages.filter((message) => !known.has(message.id));
        const produced = await work(tx, fresh);
        const hasOutput = produced.some(({ message, drafts }) => message || drafts.length > 0);
        if (!hasOutput) return { handled: known, rows: [] };
        const bodies = produced.map((done) => ({
          message: done.message,
          subject: done.subject,
          bodies: done.drafts.map((draft) => toBody(draft, done)),
        }));
        return { handled: known, rows: await storeMessages(tx, bodies) };
      })
      .catch((error) => {
        // Another process handled the same message at the same time.
        if (messages.length !== 1 || !isUniqueViolation(error, "inbox_pkey")) throw error;
        return { handled: new Set(messages.map((message) => message.id)), rows: [] as OutboxRow[] };
      });
    for (const committed of bySubject(rows)) relay.dispatch(committed);
    await Promise.all([...handled].map(resendReply));
    return handled;
  }

  return {
    commitAll,
    async commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined> {
      let result: R | undefined;
      const trace = traceparent();
      const handled = await commitAll(message ? [message] : [], async (tx, fresh) => {
        if (message && fresh.length === 0) return [];
        const done = await work(tx);
        result = done.result;
        return [{ message, traceparent: trace, ...done }];
      });
      return handled.size > 0 ? undefined : result;
    },
    async close() {
      await stopInboxRetention();
      await relay.close();
    },
  };
}
