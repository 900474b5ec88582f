import { beforeAll, describe, expect, test } from "bun:test";
import type { Outgoing } from "../messaging/publisher";
import { inSpan, startTelemetry } from "../telemetry/tracing";
import { testCatalogue } from "../testing/queue";
import type { OutboxDocument } from "./mongo-document";
import { createEntries, historyMessages } from "./mongo-history";

beforeAll(() => startTelemetry("test", undefined));
const now = new Date("2026-01-01T00:00:00.000Z");
const draft = (n: number, type = "to.a") => ({ type, data: { n } });
const note = { type: "note", data: { why: "new" } };

describe("the next entries of a history", () => {
  test("continue its numbers, notes first, in the trace of the work that created them", () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const drafts = [{ ...draft(1), sagaid: "saga" }, draft(2)];
    const entries = inSpan("work", { traceparent }, () => createEntries({ lastSeq: 4 }, drafts, [note], now));
    expect(entries.map(({ seq, type, note }) => ({ seq, type, note }))).toEqual([
      { seq: 5, type: "note", note: true },
      { seq: 6, type: "to.a", note: undefined },
      { seq: 7, type: "to.a", note: undefined },
    ]);
    expect(entries[1]).toMatchObject({ sagaid: "saga", data: { n: 1 }, time: now.toISOString() });
    expect(entries[1]?.traceparent).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(new Set(entries.map((entry) => entry.id)).size).toBe(3);
  });
  test("carry the changed fields on the last one", () => {
    const set = { status: "confirmed" };
    expect(createEntries({ lastSeq: 0 }, [draft(1)], [note], now, set).map((entry) => entry.set)).toEqual([
      undefined,
      set,
    ]);
    expect(createEntries({ lastSeq: 0 }, [], [note], now, set)[0]?.set).toEqual(set);
    expect(createEntries({ lastSeq: 0 }, [], [], now, set)).toEqual([]);
  });
});

describe("the messages of a history", () => {
  const { catalogue } = testCatalogue();
  const messages = (pendingType?: string) =>
    historyMessages<OutboxDocument>({ source: "test", catalogue, pendingCommandType: () => pendingType });
  /** The history is a note, a command, an event and two commands. `doc` has sent its first three entries, `sent` all. */
  const drafts = [draft(1), draft(2, "test.happened"), draft(3), draft(4, "to.b")];
  const history = createEntries({ lastSeq: 0 }, drafts, [note], now);
  const doc: OutboxDocument = { _id: "d1", version: 1, history, lastSeq: 5, sentSeq: 3 };
  const sent: OutboxDocument = { ...doc, sentSeq: 5 };
  const numbers = (outgoing: Outgoing[]) => outgoing.map(({ message }) => (message.data as { n: number }).n);

  test("are unsent if they come after sentSeq, and are returned in order", () => {
    expect(numbers(messages().unsent(doc))).toEqual([3, 4]);
    expect(messages().unsent(sent)).toEqual([]);
  });
  test("are sent after a loss of Redis if they are unsent, events or the pending command", () => {
    expect(numbers(messages().afterRedisLoss(doc))).toEqual([2, 3, 4]);
    expect(numbers(messages("to.b").afterRedisLoss(sent))).toEqual([2, 4]);
    expect(numbers(messages("to.a").afterRedisLoss(sent))).toEqual([2, 3]);
  });
  test("include as pending command the latest one of the pending type, never a note", () => {
    expect(messages("to.a").pendingCommand(doc)).toBe(history[3]);
    expect(messages("note").pendingCommand(doc)).toBeUndefined();
    expect(messages("to.both").pendingCommand(doc)).toBeUndefined();
    expect(messages().pendingCommand(doc)).toBeUndefined();
  });
  test("keep their id when they are resent, under another job id", () => {
    const entry = history[1] as (typeof history)[number];
    const { message, jobId } = messages().resend(doc, entry);
    expect(message).toMatchObject({ id: entry.id, subject: "d1", sequence: 2, source: "/services/test" });
    expect(jobId).toStartWith(`${entry.id}-`);
  });
  test("are passed through `complete` when they are read", () => {
    const completing = historyMessages<OutboxDocument>({
      source: "test",
      catalogue,
      complete: (of, message) => ({ ...message, data: { n: 9, id: of._id } }),
      pendingCommandType: () => undefined,
    });
    expect(completing.unsent(doc)[0]?.message.data).toEqual({ n: 9, id: "d1" });
  });
});
