import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../messaging/envelope";
import { thoroughly } from "../testing/property";
import { advance, hasEnded, newSaga, type Saga, type SagaEvent, type SagaTransition } from "./engine";

/** A trip: a local step, two asked steps of which the second is the pivot, a local end. */
type Trip = { log: string[]; room?: string };

const wrote = (trip: Trip, line: string) => ({ ...trip, log: [...trip.log, line] });

const ask = (name: string) =>
  ({
    name,
    kind: "remote",
    do: () => ({ type: `${name}.do`, data: {} }),
    parseReply: (message: Message) => {
      if (message.type === `${name}.done`) return { ok: message.data };
      if (message.type === `${name}.refused`) return { rejected: `${name}.full` };
      if (message.type === `${name}.asked_back`) return { waiting: { until: "2026-01-01T00:15:00.000Z" } };
      return undefined;
    },
    undo: (_trip: Trip, output: unknown) => ({ type: `${name}.undo`, data: { output } }),
    isUndone: (message: Message) => message.type === `${name}.undone`,
  }) as const;

const trip: Saga<Trip> = {
  name: "trip",
  steps: [
    {
      name: "open",
      kind: "local",
      do: (it) => ({ aggregate: wrote(it, "opened"), drafts: [{ type: "trip.opened", data: {} }] }),
      undo: (it, failure) => ({
        aggregate: wrote(it, `cancelled: ${failure.code}`),
        drafts: [{ type: "trip.cancelled", data: {} }],
      }),
    },
    { ...ask("room"), applyReply: (it, message) => (message.type === "room.done" ? { ...it, room: "12" } : it) },
    { ...ask("fare"), pivot: true },
    {
      name: "close",
      kind: "local",
      do: (it) => ({ aggregate: wrote(it, "closed"), drafts: [{ type: "trip.closed", data: {} }] }),
    },
  ],
};

const message = (type: string, data: unknown = {}, sagaid = "s1"): Message => ({
  specversion: "1.0",
  id: crypto.randomUUID(),
  type,
  source: "/test",
  subject: "t1",
  time: "2026-01-01T00:00:00.000Z",
  dataschema: `urn:${type}:1`,
  sequence: 1,
  sagaid,
  data,
});

const start = () => advance(trip, { log: [] }, newSaga(trip, "s1"), { kind: "start" }) as SagaTransition<Trip>;
const step = (at: SagaTransition<Trip>, event: SagaEvent | string, data?: unknown) =>
  advance(
    trip,
    at.aggregate,
    at.state,
    typeof event === "string" ? { kind: "message", message: message(event, data) } : event,
  );
const must = (at: SagaTransition<Trip>, ...events: (SagaEvent | string)[]) =>
  events.reduce((now, event) => step(now, event) as SagaTransition<Trip>, at);
const timeout = (code: string) => ({ kind: "timeout", code }) as const;
const types = (at: SagaTransition<Trip> | undefined) => at?.drafts.map((draft) => draft.type);

describe("a saga going forward", () => {
  test("starts with its local steps and the first question", () => {
    const at = start();
    expect(types(at)).toEqual(["trip.opened", "room.do"]);
    expect(at.drafts.every((draft) => draft.sagaid === "s1")).toBe(true);
    expect(at.state).toMatchObject({ status: "running", step: "room" });
  });

  test("asks the next step when one is done, and keeps its output", () => {
    const at = step(start(), "room.done", { number: 12 });
    expect(types(at)).toEqual(["fare.do"]);
    expect(at?.state.outputs).toEqual({ room: { number: 12 } });
    expect(at?.aggregate.room).toBe("12");
  });

  test("ends after the last step", () => {
    const at = must(start(), "room.done", "fare.done");
    expect(types(at)).toEqual(["trip.closed"]);
    expect(at.state.status).toBe("completed");
    expect(at.outcomes.map((note) => `${note.step} ${note.outcome}`)).toEqual(["fare done", "close done"]);
  });

  test("cannot be started twice", () => {
    const at = start();
    expect(advance(trip, at.aggregate, at.state, { kind: "start" })).toBeUndefined();
  });
});

describe("a saga turning round", () => {
  test("a refused step is not undone, the ones before it are", () => {
    const refused = must(start(), "room.done", "fare.refused");
    expect(types(refused)).toEqual(["room.undo"]);
    expect(refused.state).toMatchObject({
      status: "compensating",
      step: "room",
      failure: { step: "fare", code: "fare.full" },
    });
    const end = must(refused, "room.undone");
    expect(types(end)).toEqual(["trip.cancelled"]);
    expect(end.aggregate.log).toEqual(["opened", "cancelled: fare.full"]);
    expect(end.state.status).toBe("compensated");
  });

  test("an undo is given what its step answered", () => {
    const refused = must(step(start(), "room.done", { number: 12 }) as SagaTransition<Trip>, "fare.refused");
    expect(refused.drafts[0]?.data).toEqual({ output: { number: 12 } });
  });

  test("a timeout undoes the step itself too: nobody knows whether it happened", () => {
    const late = must(start(), timeout("room.late"));
    expect(types(late)).toEqual(["room.undo"]);
    expect(late.state).toMatchObject({ status: "compensating", failure: { step: "room", code: "room.late" } });
    expect(types(must(late, "room.undone"))).toEqual(["trip.cancelled"]);
  });

  test("a timeout after an abort undoes for the abort's sake", () => {
    const late = must(start(), { kind: "abort", code: "asked" }, timeout("room.late"));
    expect(late.state.failure).toEqual({ step: "room", code: "asked" });
  });

  test("an abort turns it at its next answer, with the answered step undone", () => {
    const aborted = must(start(), { kind: "abort", code: "asked" });
    expect(types(aborted)).toEqual([]);
    expect(aborted.outcomes).toEqual([{ step: "room", outcome: "abort_requested", code: "asked" }]);
    expect(step(aborted, { kind: "abort", code: "again" })).toBeUndefined();
    const turned = step(aborted, "room.done") as SagaTransition<Trip>;
    expect(types(turned)).toEqual(["room.undo"]);
    expect(turned.state.failure).toEqual({ step: "room", code: "asked" });
  });

  test("an abort does not wait for a step that waits for somebody", () => {
    const waiting = must(start(), "room.done", "fare.asked_back");
    expect(types(must(waiting, { kind: "abort", code: "asked" }))).toEqual(["fare.undo"]);
    const asked = must(start(), "room.done", { kind: "abort", code: "asked" });
    expect(types(must(asked, "fare.asked_back"))).toEqual(["fare.undo"]);
  });

  test("an abort comes too late once it turns round or is at its end", () => {
    const turned = must(start(), "room.done", "fare.refused");
    expect(step(turned, { kind: "abort", code: "asked" })).toBeUndefined();
    expect(step(must(start(), "room.done", "fare.done"), { kind: "abort", code: "asked" })).toBeUndefined();
  });

  test("after the pivot nothing is undone or stopped: it is parked, and a late answer moves it on", () => {
    const after: Saga<Trip> = { name: "after", steps: [...trip.steps.slice(0, 3), ask("meal")] };
    const feed = (at: SagaTransition<Trip>, event: SagaEvent) => advance(after, at.aggregate, at.state, event);
    const answers = ["room.done", "fare.done"].map((type) => ({ kind: "message", message: message(type) }) as const);
    const at = answers.reduce((now, event) => feed(now, event) as SagaTransition<Trip>, start());
    expect(types(at)).toEqual(["meal.do"]);
    expect(feed(at, { kind: "abort", code: "asked" })).toBeUndefined();
    const parked = feed(at, timeout("late")) as SagaTransition<Trip>;
    expect(parked.state).toEqual({ ...at.state, stuck: "late" });
    const end = feed(parked, { kind: "message", message: message("meal.done") });
    expect(end?.state).toMatchObject({ status: "completed" });
    expect(end?.state).not.toHaveProperty("stuck");
  });

  test("a waiting step keeps its place, and time out undoes it", () => {
    const waiting = must(start(), "room.done", "fare.asked_back");
    expect(types(waiting)).toEqual([]);
    expect(waiting.state.waiting).toEqual({ until: "2026-01-01T00:15:00.000Z" });
    expect(types(must(waiting, timeout("x")))).toEqual(["fare.undo"]);
    expect(must(waiting, "fare.done").state.status).toBe("completed");
  });
});

describe("a saga that is parked", () => {
  const atPivot = () => must(start(), "room.done");
  const undoing = () => must(start(), timeout("room.late"));

  test.each([
    ["whose pivot is not answered: that has to be found out", atPivot],
    ["that nobody answers while it undoes", undoing],
  ])("is one %s", (_why, before) => {
    const at = before();
    const parked = must(at, timeout("late"));
    expect(parked.state).toEqual({ ...at.state, stuck: "late" });
    expect(parked.drafts).toEqual([]);
    expect(parked.outcomes).toEqual([{ step: at.state.step, outcome: "stuck", code: "late" }]);
    expect(step(parked, timeout("again"))).toBeUndefined();
  });

  test("goes on by a late answer as if it had come in time", () => {
    expect(must(atPivot(), timeout("late"), "fare.done").state).toEqual(must(atPivot(), "fare.done").state);
    expect(must(atPivot(), timeout("late"), "fare.refused").state).toEqual(must(atPivot(), "fare.refused").state);
    expect(must(undoing(), timeout("late"), "room.undone").state).toEqual(must(undoing(), "room.undone").state);
  });

  test("can be asked to stop, and turns round at its late answer", () => {
    const at = must(atPivot(), timeout("late"), { kind: "abort", code: "asked" });
    expect(at.state).toMatchObject({ status: "running", stuck: "late", abort: "asked" });
    expect(types(must(at, "fare.done"))).toEqual(["fare.undo"]);
  });

  test("stays so for what is no answer", () => {
    expect(step(must(atPivot(), timeout("late")), "room.done")).toBeUndefined();
  });
});

describe("what is no answer changes nothing", () => {
  test.each(["room.undone", "fare.done", "trip.opened"])("%s while the room is asked for", (type) => {
    expect(step(start(), type)).toBeUndefined();
  });
  test("another saga's answer", () => {
    const at = start();
    const event = { kind: "message", message: message("room.done", {}, "s2") } as const;
    expect(advance(trip, at.aggregate, at.state, event)).toBeUndefined();
  });
  test("anything after the end", () => {
    expect(step(must(start(), "room.done", "fare.done"), "fare.done")).toBeUndefined();
  });
});

/** The other side, as it really is: each service does what it is told once, and answers as often as it is asked. */
function participant(refuses: boolean) {
  let state: "untouched" | "held" | "refused" | "undone" = "untouched";
  return {
    holds: () => state === "held",
    receive(name: string, type: string): string {
      if (type === `${name}.undo`) {
        state = "undone";
        return `${name}.undone`;
      }
      if (state === "untouched") state = refuses ? "refused" : "held";
      // After an undo that came first, the late `do` is refused.
      return state === "held" ? `${name}.done` : `${name}.refused`;
    },
  };
}

test("messages lost, repeated, delayed and reordered, given up and parked anywhere: all is held, or nothing is", () => {
  fc.assert(
    fc.property(
      fc.record({ room: fc.boolean(), fare: fc.boolean() }),
      fc.infiniteStream(fc.nat(99)),
      (refuses, choices) => {
        const others = { room: participant(refuses.room), fare: participant(refuses.fare) };
        const pick = () => choices.next().value as number;
        let at = start();
        const sent: string[] = types(at) ?? [];
        const answers: string[] = [];
        const take = (next: SagaTransition<Trip> | undefined) => {
          if (!next) return;
          at = next;
          sent.push(...(types(next) ?? []));
        };
        for (let turn = 0; turn < 400 && !hasEnded(at.state); turn++) {
          const dice = pick();
          if (dice < 45) {
            // Any message sent so far arrives at its receiver, maybe again, maybe late.
            const type = sent[pick() % sent.length] as string;
            const name = type.split(".")[0] as "room" | "fare";
            if (name in others) answers.push(others[name].receive(name, type));
          } else if (dice < 95 && answers.length > 0) take(step(at, answers[pick() % answers.length] as string));
          else if (dice >= 98) take(step(at, timeout("late")));
          else if (dice >= 97) take(step(at, { kind: "abort", code: "asked" }));
        }
        // What was sent last is sent until it is answered, so the rest arrives in the end.
        for (let turn = 0; turn < 50 && !hasEnded(at.state); turn++) {
          const type = sent.at(-1) as string;
          const name = type.split(".")[0] as "room" | "fare";
          take(step(at, others[name].receive(name, type)));
        }
        expect(hasEnded(at.state)).toBe(true);
        expect(at.state.stuck).toBeUndefined();
        const done = at.state.status === "completed";
        expect([others.room.holds(), others.fare.holds()]).toEqual([done, done]);
        expect(at.aggregate.log).toHaveLength(2);
      },
    ),
    thoroughly("the saga engine"),
  );
});
