export const faultKinds = [
  "hang", // nothing happens and no answer ever comes
  "hang_after_acting", // the effect is applied, then no answer ever comes
  "drop_answer_after_acting", // the effect is applied, then the connection closes without an answer
  "error_500", // no effect; Stripe saves this answer under the idempotency key and repeats it
  "slow", // the request waits delayMs, then acts
  "rate_limit", // 429, no effect, not saved
] as const;

type FaultKind = (typeof faultKinds)[number];

export type Fault = {
  id: number;
  /** An operation's name such as `payment_intents.confirm`, `smtp`, or `*` for every API operation (not SMTP). */
  operation: string;
  kind: FaultKind;
  /** How many more times it strikes; undefined is until cleared. */
  remaining: number | undefined;
  probability: number;
  delayMs: number;
  struck: number;
};

export type NewFault = { operation: string; kind: FaultKind; count?: number; probability?: number; delayMs?: number };

/** Faults that tests switch on. Without a count a fault strikes once, unless it was given a probability. */
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

    /** The fault that strikes this call, counted off; undefined nearly always. */
    strike(operation: string): Fault | undefined {
      if (faults.length === 0) return undefined;
      const fault = faults.find(
        (one) =>
          (one.operation === operation || (one.operation === "*" && operation !== "smtp")) &&
          one.remaining !== 0 &&
          (one.probability >= 1 || Math.random() < one.probability),
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
