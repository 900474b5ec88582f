import { describe, expect, test } from "bun:test";
import type { Saga, SagaEvent, SagaTransition } from "./definition";
import { advance, pendingCommand } from "./engine";
import { abort, bookTrip, remoteStep, reply, start, step, type Trip, timeout, types } from "./testing/trip";

/** Applies events one after the other; a string is the type of a reply. Each of them must change something. */
const after = (at: SagaTransition<Trip>, ...events: (SagaEvent | string)[]) =>
  events.reduce(
    (now, event) => step(now, typeof event === "string" ? reply(event) : event) as SagaTransition<Trip>,
    at,
  );

describe("a saga that runs", () => {
  test("starts with its local steps and the first command", () => {
    const at = start();
    expect(types(at)).toEqual(["trip.opened", "room.do"]);
    expect(at.drafts.every((draft) => draft.sagaid === "s1")).toBe(true);
    expect(at.state).toMatchObject({ status: "running", step: "room" });
  });

  test("sends the next command when a step is done, and stores the step's output", () => {
    const at = step(start(), reply("room.done", { number: 12 }));
    expect(types(at)).toEqual(["fare.do"]);
    expect(at?.state.outputs).toEqual({ room: { number: 12 } });
    expect(at?.aggregate.room).toBe("12");
  });

  test("completes after the last step", () => {
    const at = after(start(), "room.done", "fare.done");
    expect(types(at)).toEqual(["trip.closed"]);
    expect(at.state.status).toBe("completed");
    expect(at.outcomes.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual(["fare done", "close done"]);
  });

  test("cannot be started twice", () => {
    const at = start();
    expect(advance(bookTrip, at.aggregate, at.state, { kind: "start" })).toBeUndefined();
  });
});

describe("compensation", () => {
  test("undoes the steps before a rejected step, in reverse order", () => {
    const refused = after(start(), "room.done", "fare.refused");
    expect(types(refused)).toEqual(["room.undo"]);
    expect(refused.state).toMatchObject({
      status: "compensating",
      step: "room",
      failure: { step: "fare", code: "fare.full" },
    });
    const end = after(refused, "room.undone");
    expect(types(end)).toEqual(["trip.cancelled"]);
    expect(end.aggregate.log).toEqual(["opened", "cancelled: fare.full"]);
    expect(end.state.status).toBe("compensated");
  });

  test("passes the output of a step to its undo", () => {
    const refused = after(step(start(), reply("room.done", { number: 12 })) as SagaTransition<Trip>, "fare.refused");
    expect(refused.drafts[0]?.data).toEqual({ output: { number: 12 } });
  });

  test("undoes a step that timed out, because it may have been executed", () => {
    const late = after(start(), timeout("room.late"));
    expect(types(late)).toEqual(["room.undo"]);
    expect(late.state).toMatchObject({ status: "compensating", failure: { step: "room", code: "room.late" } });
    expect(types(after(late, "room.undone"))).toEqual(["trip.cancelled"]);
  });

  test("after an abort and a timeout fails with the code of the abort", () => {
    const late = after(start(), abort("requested"), timeout("room.late"));
    expect(late.state.failure).toEqual({ step: "room", code: "requested" });
  });

  test("starts at the next reply after an abort, and undoes the step that replied", () => {
    const aborted = after(start(), abort("requested"));
    expect(types(aborted)).toEqual([]);
    expect(aborted.outcomes).toEqual([{ step: "room", outcome: "abort_requested", code: "requested" }]);
    expect(step(aborted, abort("repeated"))).toBeUndefined();
    const compensating = step(aborted, reply("room.done")) as SagaTransition<Trip>;
    expect(types(compensating)).toEqual(["room.undo"]);
    expect(compensating.state.failure).toEqual({ step: "room", code: "requested" });
  });

  test("starts at once when a step that waits for a person is aborted", () => {
    const waiting = after(start(), "room.done", "fare.waiting");
    expect(types(after(waiting, abort("requested")))).toEqual(["fare.undo"]);
    const aborted = after(start(), "room.done", abort("requested"));
    expect(types(after(aborted, "fare.waiting"))).toEqual(["fare.undo"]);
  });

  test("is not affected by an abort that comes too late", () => {
    const compensating = after(start(), "room.done", "fare.refused");
    expect(step(compensating, abort("requested"))).toBeUndefined();
    expect(step(after(start(), "room.done", "fare.done"), abort("requested"))).toBeUndefined();
  });

  test("does not happen after the pivot: the saga is parked, and a late reply continues it", () => {
    const withMeal: Saga<Trip> = { name: "with meal", steps: [...bookTrip.steps.slice(0, 3), remoteStep("meal")] };
    const feed = (at: SagaTransition<Trip>, event: SagaEvent) => advance(withMeal, at.aggregate, at.state, event);
    const replies = [reply("room.done"), reply("fare.done")];
    const at = replies.reduce((now, event) => feed(now, event) as SagaTransition<Trip>, start());
    expect(types(at)).toEqual(["meal.do"]);
    expect(feed(at, abort("requested"))).toBeUndefined();
    const parked = feed(at, timeout("late")) as SagaTransition<Trip>;
    expect(parked.state).toEqual({ ...at.state, stuck: "late" });
    const end = feed(parked, reply("meal.done"));
    expect(end?.state).toMatchObject({ status: "completed" });
    expect(end?.state).not.toHaveProperty("stuck");
  });

  test("undoes a step that waits for a person when it times out", () => {
    const waiting = after(start(), "room.done", "fare.waiting");
    expect(types(waiting)).toEqual([]);
    expect(waiting.state.waiting).toEqual({ until: "2026-01-01T00:15:00.000Z" });
    expect(types(after(waiting, timeout("x")))).toEqual(["fare.undo"]);
    expect(after(waiting, "fare.done").state.status).toBe("completed");
  });
});

describe("a parked saga", () => {
  const atPivot = () => after(start(), "room.done");
  const undoing = () => after(start(), timeout("room.late"));

  test.each([
    ["its pivot times out, because only a reply can tell whether it was executed", atPivot],
    ["an undo times out", undoing],
  ])("results when %s", (_why, before) => {
    const at = before();
    const parked = after(at, timeout("late"));
    expect(parked.state).toEqual({ ...at.state, stuck: "late" });
    expect(parked.drafts).toEqual([]);
    expect(parked.outcomes).toEqual([{ step: at.state.step, outcome: "stuck", code: "late" }]);
    expect(step(parked, timeout("later"))).toBeUndefined();
  });

  test("continues at a late reply as if the reply had been in time", () => {
    expect(after(atPivot(), timeout("late"), "fare.done").state).toEqual(after(atPivot(), "fare.done").state);
    expect(after(atPivot(), timeout("late"), "fare.refused").state).toEqual(after(atPivot(), "fare.refused").state);
    expect(after(undoing(), timeout("late"), "room.undone").state).toEqual(after(undoing(), "room.undone").state);
  });

  test("can be aborted, and is compensated at its late reply", () => {
    const at = after(atPivot(), timeout("late"), abort("requested"));
    expect(at.state).toMatchObject({ status: "running", stuck: "late", abort: "requested" });
    expect(types(after(at, "fare.done"))).toEqual(["fare.undo"]);
  });

  test("ignores a message that is no reply to its step", () => {
    expect(step(after(atPivot(), timeout("late")), reply("room.done"))).toBeUndefined();
  });
});

describe("nothing is changed by", () => {
  test.each(["room.undone", "fare.done", "trip.opened"])("%s while the saga waits for the room", (type) => {
    expect(step(start(), reply(type))).toBeUndefined();
  });
  test("the reply to another saga", () => {
    expect(step(start(), reply("room.done", {}, "s2"))).toBeUndefined();
  });
  test("a reply after the end", () => {
    expect(step(after(start(), "room.done", "fare.done"), reply("fare.done"))).toBeUndefined();
  });
});

test("the pending command is the one the saga waits on, forward and backward", () => {
  const pending = (at: SagaTransition<Trip>) => pendingCommand(bookTrip, at.aggregate, at.state);
  expect(pending(start())).toEqual({ type: "room.do", data: {}, sagaid: "s1" });
  const booked = step(start(), reply("room.done", { number: 12 })) as SagaTransition<Trip>;
  const compensating = after(booked, "fare.refused");
  expect(pending(compensating)).toEqual({ type: "room.undo", data: { output: { number: 12 } }, sagaid: "s1" });
  expect(pending(after(compensating, "room.undone"))).toBeUndefined();
});
