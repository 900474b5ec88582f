import type { Draft, Message } from "../messaging/envelope";

/**
 * A saga: a business transaction across services, written as a table of steps in order.
 *
 *     const bookTrip: Saga<Trip> = {
 *       name: "book-trip",
 *       steps: [
 *         {
 *           name: "open",
 *           kind: "local",
 *           do: (trip) => ({ aggregate: trip, drafts: [{ type: "trip.opened", data: { id: trip.id } }] }),
 *           undo: (trip, { code }) => ({ aggregate: { ...trip, status: "cancelled", code }, drafts: [] }),
 *         },
 *         {
 *           name: "room",
 *           kind: "remote",
 *           do: (trip) => ({ type: "hotel.book", data: { tripId: trip.id } }),
 *           parseReply: ({ type, data }) =>
 *             type === "hotel.booked" ? { ok: data } : type === "hotel.full" ? { rejected: "hotel.full" } : undefined,
 *           undo: (trip) => ({ type: "hotel.release", data: { tripId: trip.id } }),
 *           isUndone: ({ type }) => type === "hotel.released",
 *         },
 *         { name: "fare", kind: "remote", pivot: true, do: …, parseReply: …, undo: …, isUndone: … },
 *         { name: "confirm", kind: "local", do: (trip) => ({ aggregate: { ...trip, status: "booked" }, drafts: [] }) },
 *       ],
 *     };
 *
 * - **Forward.** Steps run in order. A local step is done at once. A remote step sends its command, and the saga waits
 *   for the reply, which must carry the `sagaid` of the command.
 * - **Compensation.** If a step is rejected, the steps before it are undone in reverse order; steps without `undo` are
 *   skipped. A step that times out is undone as well, because it may have been executed.
 * - **Pivot.** After the pivot nothing is compensated: the later steps are retried until they succeed.
 * - **Parking.** A saga that can neither proceed nor be compensated is parked: it waits for an operator or a late reply.
 *   A timeout parks the saga at the pivot, because only the reply tells whether the pivot was executed; after the pivot;
 *   and during compensation.
 *
 * Every function of a step is pure and may be called more than once: commands are sent again until they are replied to.
 * A participant must therefore execute each command once, reply to every copy of it, and reject a command whose undo
 * came first.
 */
export type Saga<A> = { name: string; steps: readonly Step<A>[] };

/** One row of the table. `name` is stored and shown in the timeline: a saga under way finds its step by it. */
export type Step<A> = {
  name: string;
  /** The point of no return. Steps after it must not be rejected. */
  pivot?: true;
} & (({ kind: "local" } & LocalStep<A>) | ({ kind: "remote" } & RemoteStep<A>));

/** A step within the saga's own service. It is committed together with the state of the saga. */
export type LocalStep<A> = {
  do?(aggregate: A): Change<A>;
  undo?(aggregate: A, failure: Failure): Change<A>;
};

/** A step that takes time: a command to a participant, who replies with a message. */
export type RemoteStep<A> = {
  /** The command; undefined if the saga's own service does the work, whose event is then the reply. */
  do(aggregate: A): Draft | undefined;
  /** What `message` means for this step; undefined if it is no reply to this step. */
  parseReply(message: Message): Reply | undefined;
  /**
   * The command that undoes the step. Must also be correct if the step was never executed, or is executed later.
   * @param output what the step's reply carried in `ok`; undefined if there was no reply
   */
  undo?(aggregate: A, output: unknown, failure: Failure): Draft;
  /** Whether `message` confirms the undo. Required with `undo`: without it the compensation does not continue. */
  isUndone?(message: Message): boolean;
  /** Adds to the aggregate what a reply says. Called for replies to `do` and to `undo`. */
  applyReply?(aggregate: A, message: Message): A;
};

/** The changed aggregate, and the messages to send about it. */
export type Change<A> = { aggregate: A; drafts: Draft[] };

/** Why a saga is compensated: the step at which it failed, and an error code. */
export type Failure = { step: string; code: string };

/** What the reply to a step says. */
export type Reply =
  /** Executed. The value is stored in the saga's `outputs`, so it must survive JSON. */
  | { ok: unknown }
  /** Refused with an error code. Nothing was changed, so this step is not undone. */
  | { rejected: string }
  /** Accepted; the step continues when a person has acted. `until` is ISO 8601, UTC. */
  | { waiting: { until: string; nextAction?: unknown } };

/** The state of one saga. Stored with the aggregate and committed together with it. */
export type SagaState = {
  id: string;
  /** The saga's name; it selects the table of steps. */
  name: string;
  status: "running" | "compensating" | "completed" | "compensated";
  /** The step whose reply is awaited; once the saga has ended, the last one done or undone; empty before it starts. */
  step: string;
  /** What each remote step's reply carried in `ok`, by step name. */
  outputs: Record<string, unknown>;
  failure?: Failure;
  /** The code of a requested abort. The saga is compensated at its next reply. */
  abort?: string;
  /** The current step waits for a person. */
  waiting?: { until: string; nextAction?: unknown };
  /** The saga is parked, with the code of the timeout. A reply lets it continue, however late. */
  stuck?: string;
};

/** What can happen to a saga. */
export type SagaEvent =
  | { kind: "start" }
  | { kind: "message"; message: Message }
  /** No reply in time: the saga is compensated, this step included, or parked where compensation is not safe. */
  | { kind: "timeout"; code: string }
  /** A request to stop. The saga is compensated at its next reply, whatever that says. */
  | { kind: "abort"; code: string };

/** What happened to a step, for the timeline. */
export type StepOutcome = { step: string; outcome: Outcome; code?: string };
type Outcome = "done" | "rejected" | "waiting" | "timed_out" | "undone" | "abort_requested" | "stuck";

/** The result of an event. All of it is committed in one write. */
export type SagaTransition<A> = { aggregate: A; state: SagaState; drafts: Draft[]; outcomes: StepOutcome[] };
