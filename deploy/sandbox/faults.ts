export const faultKinds = [
  "hang", // no effect and no response
  "hang_after_acting", // takes effect and sends no response
  "drop_answer_after_acting", // takes effect and closes the connection without a response
  "error_500", // no effect; as at Stripe, the response is stored under the idempotency key and replayed
  "slow", // takes effect after delayMs
  "rate_limit", // 429, no effect, not stored
] as const;

type FaultKind = (typeof faultKinds)[number];

export type Fault = {
  id: number;
  /** The name of an operation such as `payment_intents.confirm`, or `smtp`, or `*` for every API operation but not SMTP. */
  operation: string;
  kind: FaultKind;
  /** How often it will still be applied. Undefined: without a limit, until it is cleared. */
  remaining: number | undefined;
  probability: number;
  delayMs: number;
  /** How often it was applied. */
  struck: number;
};

export type NewFault = { operation: string; kind: FaultKind; count?: number; probability?: number; delayMs?: number };

/** The faults that tests have set. Without a count, a fault with a probability stays until cleared; any other is applied once. */
export function createFaults() {
  let faults: Fault[] = [];
  let lastId = 0;

  return {
    add(fault: NewFault): Fault {
      lastId += 1;
      const added: Fault = {
        id: lastId,
        operation: fault.operation,
        kind: fault.kind,
        remaining: fault.count ?? (fault.probability === undefined ? 1 : undefined),
        probability: fault.probability ?? 1,
        delayMs: fault.delayMs ?? 1000,
        struck: 0,
      };
      faults.push(added);
      return added;
    },

    /** Returns the fault to apply to this call, if any, and counts it as applied. */
    take(operation: string): Fault | undefined {
      if (faults.length === 0) return undefined;
      const fault = faults.find(
        (candidate) =>
          (candidate.operation === operation || (candidate.operation === "*" && operation !== "smtp")) &&
          candidate.remaining !== 0 &&
          (candidate.probability >= 1 || Math.random() < candidate.probability),
      );
      if (!fault) return undefined;
      fault.struck += 1;
      if (fault.remaining !== undefined) fault.remaining -= 1;
      return fault;
    },

    list: (): readonly Fault[] => faults,
    clear(): void {
      faults = [];
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;
