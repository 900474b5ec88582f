import type { Message } from "../../messaging/envelope";
import { aMessage } from "../../testing/queue";
import type { Saga, SagaEvent, SagaTransition } from "../definition";
import { advance, newSaga } from "../engine";

/** The booking of a trip: a local step, two remote steps of which the second is the pivot, and a local step. */
export type Trip = { log: string[]; room?: string };

const logged = (trip: Trip, line: string) => ({ ...trip, log: [...trip.log, line] });

export const remoteStep = (name: string) =>
  ({
    name,
    kind: "remote",
    do: () => ({ type: `${name}.do`, data: {} }),
    parseReply: (message: Message) => {
      if (message.type === `${name}.done`) return { ok: message.data };
      if (message.type === `${name}.refused`) return { rejected: `${name}.full` };
      if (message.type === `${name}.waiting`) return { waiting: { until: "2026-01-01T00:15:00.000Z" } };
      return undefined;
    },
    undo: (_trip: Trip, output: unknown) => ({ type: `${name}.undo`, data: { output } }),
    isUndone: (message: Message) => message.type === `${name}.undone`,
  }) as const;

export const bookTrip: Saga<Trip> = {
  name: "trip",
  steps: [
    {
      name: "open",
      kind: "local",
      do: (trip) => ({ aggregate: logged(trip, "opened"), drafts: [{ type: "trip.opened", data: {} }] }),
      undo: (trip, failure) => ({
        aggregate: logged(trip, `cancelled: ${failure.code}`),
        drafts: [{ type: "trip.cancelled", data: {} }],
      }),
    },
    {
      ...remoteStep("room"),
      applyReply: (trip, message) => (message.type === "room.done" ? { ...trip, room: "12" } : trip),
    },
    { ...remoteStep("fare"), pivot: true },
    {
      name: "close",
      kind: "local",
      do: (trip) => ({ aggregate: logged(trip, "closed"), drafts: [{ type: "trip.closed", data: {} }] }),
    },
  ],
};

export const reply = (type: string, data: unknown = {}, sagaid = "s1") =>
  ({ kind: "message", message: { ...aMessage(type), sagaid, data } }) as const;
export const timeout = (code: string) => ({ kind: "timeout", code }) as const;
export const abort = (code: string) => ({ kind: "abort", code }) as const;

export const start = () =>
  advance(bookTrip, { log: [] }, newSaga(bookTrip, "s1"), { kind: "start" }) as SagaTransition<Trip>;
export const step = (at: SagaTransition<Trip>, event: SagaEvent) => advance(bookTrip, at.aggregate, at.state, event);
export const types = (at: SagaTransition<Trip> | undefined) => at?.drafts.map((draft) => draft.type);
