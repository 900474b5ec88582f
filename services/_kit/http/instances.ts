import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleType,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { breakerOpen } from "../telemetry/metrics";
import { ServerFailure } from "./request";

/** Errors that are worth a retry and count for the circuit breaker: no connection, a 5xx, or a timeout. */
export const serverFailures = handleType(ServerFailure).orType(TaskCancelledError).orType(TypeError);

/** The instances of one service, each with its own circuit breaker. */
export type Instances = {
  /**
   * Runs `work` with the URL of one instance. Instances with an open breaker are skipped: nothing was sent to them.
   * @param turn the instance to start with, modulo the number of instances
   * @param signal cancels the call
   * @throws BrokenCircuitError if all breakers are open; TaskCancelledError after the timeout, which also aborts the signal
   *   that `work` receives
   */
  run<T>(turn: number, signal: AbortSignal, work: (url: string, signal: AbortSignal) => Promise<T>): Promise<T>;
};

/** A breaker opens after 8 failures in a row and lets one request through after 2 s. */
export function createInstances(o: { target: string; urls: string[]; timeoutMs: number }): Instances {
  const limit = timeout(o.timeoutMs, TimeoutStrategy.Aggressive);
  const instances = o.urls.map((url) => {
    const breaker = circuitBreaker(serverFailures, { halfOpenAfter: 2_000, breaker: new ConsecutiveBreaker(8) });
    breaker.onStateChange(recordBreakers);
    return { url, breaker, policy: wrap(breaker, limit) };
  });

  /** The target counts as refused only while every instance's breaker is open. */
  function recordBreakers(): void {
    const allOpen = instances.every(({ breaker }) => breaker.state === CircuitState.Open);
    breakerOpen.set({ target: o.target }, allOpen ? 1 : 0);
  }
  recordBreakers();

  return {
    async run(turn, signal, work) {
      const start = turn % instances.length;
      let refused: unknown;
      for (const { url, policy } of [...instances.slice(start), ...instances.slice(0, start)])
        try {
          return await policy.execute((context) => work(url, context.signal), signal);
        } catch (error) {
          if (!(error instanceof BrokenCircuitError)) throw error;
          refused = error;
        }
      throw refused;
    },
  };
}
