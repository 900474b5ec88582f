import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertyOptions } from "../testing/property";
import type { SagaTransition } from "./definition";
import { hasEnded } from "./engine";
import { abort, reply, start, step, type Trip, timeout, types } from "./testing/trip";

/** A participant as the engine requires it: executes each command once and replies to every copy. */
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
      // A command that arrives after its undo is refused.
      return state === "held" ? `${name}.done` : `${name}.refused`;
    },
  };
}

test("both steps are done or neither, with lost, repeated and reordered messages, timeouts and aborts", () => {
  fc.assert(
    fc.property(
      fc.record({ room: fc.boolean(), fare: fc.boolean() }),
      fc.infiniteStream(fc.nat(99)),
      (refuses, choices) => {
        const participants = { room: participant(refuses.room), fare: participant(refuses.fare) };
        const pick = () => choices.next().value as number;
        let at = start();
        const sent: string[] = types(at) ?? [];
        const replies: string[] = [];
        const take = (next: SagaTransition<Trip> | undefined) => {
          if (!next) return;
          at = next;
          sent.push(...(types(next) ?? []));
        };
        for (let turn = 0; turn < 400 && !hasEnded(at.state); turn++) {
          const dice = pick();
          if (dice < 45) {
            // Any command sent so far arrives at its participant, possibly late or more than once.
            const type = sent[pick() % sent.length] as string;
            const name = type.split(".")[0] as "room" | "fare";
            if (name in participants) replies.push(participants[name].receive(name, type));
          } else if (dice < 95 && replies.length > 0) take(step(at, reply(replies[pick() % replies.length] as string)));
          else if (dice >= 98) take(step(at, timeout("late")));
          else if (dice >= 97) take(step(at, abort("requested")));
        }
        // The last command is retried until it is replied to, so the saga ends.
        for (let turn = 0; turn < 50 && !hasEnded(at.state); turn++) {
          const type = sent.at(-1) as string;
          const name = type.split(".")[0] as "room" | "fare";
          take(step(at, reply(participants[name].receive(name, type))));
        }
        expect(hasEnded(at.state)).toBe(true);
        expect(at.state.stuck).toBeUndefined();
        const done = at.state.status === "completed";
        expect([participants.room.holds(), participants.fare.holds()]).toEqual([done, done]);
        expect(at.aggregate.log).toHaveLength(2);
      },
    ),
    propertyOptions("the saga engine"),
  );
});
