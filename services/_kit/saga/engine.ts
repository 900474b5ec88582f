import type { Draft, Message } from "../messaging/envelope";
import type {
  Change,
  Failure,
  RemoteStep,
  Reply,
  Saga,
  SagaEvent,
  SagaState,
  SagaTransition,
  Step,
  StepOutcome,
} from "./definition";

/** The state of a saga before its `start` event. */
export const newSaga = (saga: { name: string }, id: string): SagaState => ({
  id,
  name: saga.name,
  status: "running",
  step: "",
  outputs: {},
});

export const sagaEndStatuses: readonly string[] = ["completed", "compensated"];
export const hasEnded = (state: SagaState): boolean => sagaEndStatuses.includes(state.status);

/**
 * The command whose reply the saga waits for, to be sent again.
 * @returns undefined once the saga has ended, and while its own service does the work
 */
export function pendingCommand<A>(saga: Saga<A>, aggregate: A, state: SagaState): Draft | undefined {
  const step = saga.steps.find(({ name }) => name === state.step);
  if (hasEnded(state) || step?.kind !== "remote") return undefined;
  const command =
    state.status === "running"
      ? step.do(aggregate)
      : step.undo?.(aggregate, state.outputs[step.name], state.failure as Failure);
  return command && { ...command, sagaid: state.id };
}

/**
 * Applies an event to a saga. A pure function: the caller commits the result, so after a crash the next message or the
 * sweep continues from the stored state.
 * @returns undefined if the event changes nothing: a message that is no reply to the current step, a repeated timeout or
 *   abort, or an abort that comes too late
 */
export function advance<A>(
  saga: Saga<A>,
  aggregate: A,
  state: SagaState,
  event: SagaEvent,
): SagaTransition<A> | undefined {
  if (hasEnded(state)) return undefined;
  // Only a reply ends the parking.
  const { stuck, ...unparked } = state;
  const run = new Run(saga, aggregate, event.kind === "message" ? unparked : state);
  if (event.kind === "start") return state.step === "" ? run.proceed(0) : undefined;

  const index = saga.steps.findIndex((step) => step.name === state.step);
  const step = saga.steps[index];
  if (step?.kind !== "remote") return undefined;

  const canCompensate = state.status === "running" && !isPastPivot(saga, index);
  if (event.kind === "abort") return canCompensate && !state.abort ? run.requestAbort(index, event.code) : undefined;
  if (event.kind === "timeout") {
    // Only its reply tells whether the pivot was executed. A pivot that waits for a person has already replied.
    if (canCompensate && (!step.pivot || state.waiting)) return run.timeOut(index, event.code);
    return stuck === undefined ? run.park(event.code) : undefined;
  }

  if (event.message.sagaid !== state.id) return undefined;
  if (state.status === "compensating")
    return step.isUndone?.(event.message) ? run.confirmUndo(step, index, event.message) : undefined;
  const reply = step.parseReply(event.message);
  return reply && run.applyReply(step, index, reply, event.message);
}

/** Steps after the pivot are retried until they succeed: they are neither undone nor aborted. */
function isPastPivot<A>(saga: Saga<A>, index: number): boolean {
  return saga.steps.slice(0, index).some((step) => step.pivot);
}

/** One call of `advance`: collects what changes. Each public method applies one event and returns the result. */
class Run<A> {
  private readonly drafts: Draft[] = [];
  private readonly outcomes: StepOutcome[] = [];

  constructor(
    private readonly saga: Saga<A>,
    private aggregate: A,
    private state: SagaState,
  ) {}

  /** Runs the steps from `index` on, until one has to wait for a reply or the saga has completed. */
  proceed(index: number): SagaTransition<A> {
    for (const step of this.saga.steps.slice(index)) {
      this.state = { ...this.state, step: step.name };
      if (step.kind === "remote") {
        const command = step.do(this.aggregate);
        if (command) this.emit(command);
        return this.result();
      }
      if (step.do) this.apply(step.do(this.aggregate));
      this.outcomes.push({ step: step.name, outcome: "done" });
    }
    this.state = { ...this.state, status: "completed" };
    return this.result();
  }

  applyReply(step: Step<A> & RemoteStep<A>, index: number, reply: Reply, message: Message): SagaTransition<A> {
    this.updateAggregate(step, message);
    const { waiting: _, ...rest } = this.state;
    if ("waiting" in reply) {
      if (rest.abort) return this.compensate({ step: step.name, code: rest.abort }, index);
      this.state = { ...rest, waiting: reply.waiting };
      this.outcomes.push({ step: step.name, outcome: "waiting" });
      return this.result();
    }
    if ("rejected" in reply) {
      this.outcomes.push({ step: step.name, outcome: "rejected", code: reply.rejected });
      return this.compensate({ step: step.name, code: reply.rejected }, index - 1);
    }
    this.outcomes.push({ step: step.name, outcome: "done" });
    this.state = { ...rest, outputs: { ...rest.outputs, [step.name]: reply.ok } };
    return rest.abort ? this.compensate({ step: step.name, code: rest.abort }, index) : this.proceed(index + 1);
  }

  confirmUndo(step: Step<A> & RemoteStep<A>, index: number, message: Message): SagaTransition<A> {
    this.outcomes.push({ step: step.name, outcome: "undone" });
    this.updateAggregate(step, message);
    return this.undo(index - 1);
  }

  /** Takes effect at the next reply. A step that waits for a person may never reply again, so it is undone at once. */
  requestAbort(index: number, code: string): SagaTransition<A> {
    const { step } = this.state;
    this.state = { ...this.state, abort: code };
    this.outcomes.push({ step, outcome: "abort_requested", code });
    return this.state.waiting ? this.compensate({ step, code }, index) : this.result();
  }

  timeOut(index: number, code: string): SagaTransition<A> {
    const { step, abort } = this.state;
    this.outcomes.push({ step, outcome: "timed_out", code });
    return this.compensate({ step, code: abort ?? code }, index);
  }

  park(code: string): SagaTransition<A> {
    this.state = { ...this.state, stuck: code };
    this.outcomes.push({ step: this.state.step, outcome: "stuck", code });
    return this.result();
  }

  /** @param from the last step to undo: the failed step itself if it may have been executed, else the one before it */
  private compensate(failure: Failure, from: number): SagaTransition<A> {
    const { waiting: _, ...rest } = this.state;
    this.state = { ...rest, status: "compensating", failure };
    return this.undo(from);
  }

  /** Undoes the steps from `from` back to the first, until one has to wait for a confirmation. */
  private undo(from: number): SagaTransition<A> {
    const failure = this.state.failure as Failure;
    for (const step of this.saga.steps.slice(0, from + 1).toReversed()) {
      if (!step.undo) continue;
      this.state = { ...this.state, step: step.name };
      if (step.kind === "remote") {
        this.emit(step.undo(this.aggregate, this.state.outputs[step.name], failure));
        return this.result();
      }
      this.apply(step.undo(this.aggregate, failure));
      this.outcomes.push({ step: step.name, outcome: "undone" });
    }
    this.state = { ...this.state, status: "compensated" };
    return this.result();
  }

  private apply(change: Change<A>): void {
    this.aggregate = change.aggregate;
    for (const draft of change.drafts) this.emit(draft);
  }

  private updateAggregate(step: RemoteStep<A>, message: Message): void {
    this.aggregate = step.applyReply?.(this.aggregate, message) ?? this.aggregate;
  }

  private emit(draft: Draft): void {
    this.drafts.push({ ...draft, sagaid: this.state.id });
  }

  private result(): SagaTransition<A> {
    return { aggregate: this.aggregate, state: this.state, drafts: this.drafts, outcomes: this.outcomes };
  }
}
