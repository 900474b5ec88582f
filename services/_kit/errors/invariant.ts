/** An assumption of the code does not hold: a bug, never the caller's fault. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/**
 * Throws unless `condition` holds.
 * @param rule what must be true, as a sentence: "a new saga must start"
 * @throws InvariantError `invariant violated: <rule>`
 */
export function invariant(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant violated: ${rule}`);
}
