import type { Draft, Message } from "../messaging/envelope";

/**
 * A saga: steps in order, each with the way to undo it. The engine below is a pure function; it is stored with the
 * aggregate it moves and driven by messages, so a crash anywhere leaves a state that the next message, or the sweep,
 * carries on from.
 */
export type Saga<A> = { name: string; steps: readonly Step<A>[] };

export type Step<A> = {
  name: string;
  /** After this step nothing may be refused any more, only retried. */
  pivot?: true;
} & (({ kind: "local" } & LocalStep<A>) | ({ kind: "remote" } & RemoteStep<A>));

/** A step of the saga's own service: it changes the aggregate and tells others. */
export type LocalStep<A> = {
  do?(aggregate: A): Change<A>;
  undo?(aggregate: A, failure: Failure): Change<A>;
};

/** A step that takes time: a command to another service, answered by that service's public event. */
export type RemoteStep<A> = {
  /** Nothing where the work is the saga's own service's: then its own event is the answer. */
  do(aggregate: A): Draft | undefined;
  /** What the event means for this step; undefined where it is no answer to it. */
  parseReply(message: Message): Reply | undefined;
  /** Given the step's own output, if it ever answered. */
  undo?(aggregate: A, output: unknown, failure: Failure): Draft;
  isUndone?(message: Message): boolean;
  /** Keeps what an answer says in the aggregate; the answer to an undo, too. */
  applyReply?(aggregate: A, message: Message): A;
};

export type Change<A> = { aggregate: A; drafts: Draft[] };
export type Failure = { step: string; code: string };
export type Reply = { ok: unknown } | { rejected: string } | { waiting: { until: string; nextAction?: unknown } };

export type SagaState = {
  id: string;
  name: string;
  status: "running" | "compensating" | "completed" | "compensated";
  /** The step whose answer is awaited; the last one at the end. */
  step: string;
  outputs: Record<string, unknown>;
  failure?: Failure;
  /** Somebody asked to stop: the saga turns round at its next answer. */
  abort?: string;
  waiting?: { until: string; nextAction?: unknown };
  /** Why it is parked: it was asked for long enough, and cannot be undone. An answer moves it on, however late. */
  stuck?: string;
};

export type SagaEvent =
  | { kind: "start" }
  | { kind: "message"; message: Message }
  /** No answer came in time: nobody knows whether the step happened, so it is undone too; or the saga is parked. */
  | { kind: "timeout"; code: string }
  /** Somebody wants it stopped: it turns round at its next answer, whatever that is. */
  | { kind: "abort"; code: string };

/** What happened to a step, for the timeline. */
export type StepOutcome = { step: string; outcome: Outcome; code?: string };
type Outcome = "done" | "rejected" | "waiting" | "timed_out" | "undone" | "abort_requested" | "stuck";
export type SagaTransition<A> = { aggregate: A; state: SagaState; drafts: Draft[]; outcomes: StepOutcome[] };

export const newSaga = (saga: { name: string }, id: string): SagaState => ({
  id,
  name: saga.name,
  status: "running",
  step: "",
  outputs: {},
});

export const sagaEndStatuses: readonly string[] = ["completed", "compensated"];
export const hasEnded = (state: SagaState): boolean => sagaEndStatuses.includes(state.status);

/** What a saga waits for an answer to, to be asked again; undefined at its end and while its own service is at work. */
export function pendingCommand<A>(saga: Saga<A>, aggregate: A, state: SagaState): Draft | undefined {
  const step = saga.steps.find(({ name }) => name === state.step);
  if (hasEnded(state) || step?.kind !== "remote") return undefined;
  const isForward = state.status === "running";
  const asked = isForward
    ? step.do(aggregate)
    : step.undo?.(aggregate, state.outputs[step.name], state.failure as Failure);
  return asked && { ...asked, sagaid: state.id };
}

/**
 * Moves a saga on.
 * @returns undefined where the event is no answer to the step under way (a duplicate, a late one): nothing is to be done
 */
export function advance<A>(
  saga: Saga<A>,
  aggregate: A,
  state: SagaState,
  event: SagaEvent,
): SagaTransition<A> | undefined {
  if (hasEnded(state)) return undefined;
  const { stuck, ...moving } = state;
  const run = new Run(saga, aggregate, event.kind === "message" ? moving : state);
  if (event.kind === "start") return state.step === "" ? run.forward(0) : undefined;

  const index = saga.steps.findIndex((step) => step.name === state.step);
  const step = saga.steps[index];
  if (step?.kind !== "remote") return undefined;

  const mayTurn = state.status === "running" && !isPastPivot(saga, index);
  if (event.kind === "abort") return mayTurn && !state.abort ? run.abort(step.name, index, event.code) : undefined;
  if (event.kind === "timeout") {
    // What the pivot's own answer is, has to be found out: only who said that it waits for somebody is undone.
    if (mayTurn && (!step.pivot || state.waiting)) return run.timedOut(step.name, index, event.code);
    return stuck === undefined ? run.park(step.name, event.code) : undefined;
  }

  if (event.message.sagaid !== state.id) return undefined;
  if (state.status === "compensating") {
    if (!step.isUndone?.(event.message)) return undefined;
    run.note({ step: step.name, outcome: "undone" });
    run.applyReply(step, event.message);
    return run.backward(index - 1);
  }

  const answer = step.parseReply(event.message);
  if (!answer) return undefined;
  return run.replied(step, index, answer, event.message);
}

/** What comes after the pivot is retried until it is done: it is neither undone nor stopped. */
function isPastPivot<A>(saga: Saga<A>, index: number): boolean {
  return saga.steps.slice(0, index).some((step) => step.pivot);
}

/** One call of `advance`: collects what changes on the way. */
class Run<A> {
  private drafts: Draft[] = [];
  private notes: StepOutcome[] = [];

  constructor(
    private readonly saga: Saga<A>,
    private aggregate: A,
    private state: SagaState,
  ) {}

  note(note: StepOutcome): void {
    this.notes.push(note);
  }

  applyReply(step: RemoteStep<A>, message: Message): void {
    this.aggregate = step.applyReply?.(this.aggregate, message) ?? this.aggregate;
  }

  abort(step: string, index: number, code: string): SagaTransition<A> {
    this.state = { ...this.state, abort: code };
    this.note({ step, outcome: "abort_requested", code });
    // Who waits for somebody may wait for ever: there the answer was given.
    return this.state.waiting ? this.compensate({ step, code }, index) : this.result();
  }

  timedOut(step: string, index: number, code: string): SagaTransition<A> {
    this.note({ step, outcome: "timed_out", code });
    return this.compensate({ step, code: this.state.abort ?? code }, index);
  }

  park(step: string, code: string): SagaTransition<A> {
    this.state = { ...this.state, stuck: code };
    this.note({ step, outcome: "stuck", code });
    return this.result();
  }

  replied(step: Step<A> & RemoteStep<A>, index: number, answer: Reply, message: Message): SagaTransition<A> {
    this.applyReply(step, message);
    const { waiting: _, ...rest } = this.state;
    if ("waiting" in answer && this.state.abort)
      return this.compensate({ step: step.name, code: this.state.abort }, index);
    if ("waiting" in answer) {
      this.state = { ...rest, waiting: answer.waiting };
      this.note({ step: step.name, outcome: "waiting" });
      return this.result();
    }
    this.state = rest;
    if ("rejected" in answer) {
      this.note({ step: step.name, outcome: "rejected", code: answer.rejected });
      return this.compensate({ step: step.name, code: answer.rejected }, index - 1);
    }
    this.note({ step: step.name, outcome: "done" });
    this.state = { ...this.state, outputs: { ...this.state.outputs, [step.name]: answer.ok } };
    if (this.state.abort) return this.compensate({ step: step.name, code: this.state.abort }, index);
    return this.forward(index + 1);
  }

  forward(from: number): SagaTransition<A> {
    for (const step of this.saga.steps.slice(from)) {
      this.state = { ...this.state, step: step.name };
      if (step.kind === "remote") {
        const asked = step.do(this.aggregate);
        if (asked) this.emit(asked);
        return this.result();
      }
      if (step.do) this.apply(step.do(this.aggregate));
      this.note({ step: step.name, outcome: "done" });
    }
    this.state = { ...this.state, status: "completed" };
    return this.result();
  }

  compensate(failure: Failure, from: number): SagaTransition<A> {
    const { waiting: _, ...rest } = this.state;
    this.state = { ...rest, status: "compensating", failure };
    return this.backward(from);
  }

  backward(from: number): SagaTransition<A> {
    const failure = this.state.failure as Failure;
    for (let index = from; index >= 0; index--) {
      const step = this.saga.steps[index] as Step<A>;
      if (!step.undo) continue;
      this.state = { ...this.state, step: step.name };
      if (step.kind === "remote") {
        this.emit(step.undo(this.aggregate, this.state.outputs[step.name], failure));
        return this.result();
      }
      this.apply(step.undo(this.aggregate, failure));
      this.note({ step: step.name, outcome: "undone" });
    }
    this.state = { ...this.state, status: "compensated" };
    return this.result();
  }

  private apply(change: Change<A>): void {
    this.aggregate = change.aggregate;
    for (const draft of change.drafts) this.emit(draft);
  }

  private emit(draft: Draft): void {
    this.drafts.push({ ...draft, sagaid: this.state.id });
  }

  private result(): SagaTransition<A> {
    return { aggregate: this.aggregate, state: this.state, drafts: this.drafts, outcomes: this.notes };
  }
}
