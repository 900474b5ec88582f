import { pendingCommand } from "../../../services/_kit/saga/engine";
import { findSaga } from "../../../services/order/sagas/registry";
import { payOrder } from "../../../services/payment/sagas/pay-order";
import { charge, nextWorlds, receive, sweepHolds } from "./events";
import { type Limits, placedWorld, type World, withSent, worldKey } from "./world";

/** @returns every world that can be reached from a placed order */
export function reachableWorlds(limits: Limits): World[] {
  const reached = new Map<string, World>();
  const open = [placedWorld()];
  for (let world = open.pop(); world; world = open.pop()) {
    const key = worldKey(world);
    if (reached.has(key)) continue;
    reached.set(key, world);
    if (!world.violation) open.push(...nextWorlds(world, limits));
  }
  return [...reached.values()];
}

/** The same worlds after all their messages are lost. */
export function withoutMessages(worlds: World[]): World[] {
  const silent = worlds.map((world): World => ({ ...world, sent: [] }));
  return [...new Map(silent.map((world) => [worldKey(world), world])).values()];
}

/** One round without requests of clients: every message arrives, the provider decides, and the sweep runs. */
function runOneRound(world: World, limits: Limits, approved: boolean): World {
  const received = world.sent.reduce((now, message) => receive(now, message, limits), world);
  return sweepHolds(charge(received, approved));
}

/**
 * Runs rounds until nothing changes.
 * @param approved whether the provider approves charges
 * @param known the final worlds found so far, by the key of the world they were reached from
 */
export function runToRest(world: World, limits: Limits, approved: boolean, known: Map<string, World>): World {
  const key = worldKey(world);
  const found = known.get(key);
  if (found) return found;
  const after = runOneRound(world, limits, approved);
  const rest = worldKey(after) === key ? after : runToRest(after, limits, approved, known);
  known.set(key, rest);
  return rest;
}

/** Runs rounds in which the sweeps retry the pending command of each saga. Twelve rounds end every saga. */
export function runWithRetries(world: World, limits: Limits, approved: boolean): World {
  let current = world;
  for (let round = 0; round < 12; round++) {
    const { aggregate, state } = current.order;
    const commands = [
      pendingCommand(findSaga(state), aggregate, state),
      ...current.payments.map((payment) => payment.saga && pendingCommand(payOrder, payment, payment.saga)),
    ].filter((draft) => draft !== undefined);
    current = runOneRound(withSent(current, commands), limits, approved);
  }
  return current;
}
