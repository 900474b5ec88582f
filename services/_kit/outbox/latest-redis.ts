/** What is stored about the Redis instances that a service has sent messages to. */
export type SeenRedis = {
  /** The latest one. */
  identity: string;
  /** How long ago a process last saw it, seconds. */
  ageSeconds: number;
  /** Those before it, the latest first. */
  earlier: readonly string[];
};

/** How many earlier instances are remembered. */
export const earlierMax = 20;

/** How often a process notes that it still sees the latest instance, seconds. */
const refreshSeconds = 5;

/** If no process has seen the latest instance for this long, another one may take its place. */
const takeOverSeconds = 30;

/**
 * Decides what a process may do with the Redis instance it is connected to. During a failover two processes may be connected
 * to different instances, both alive. What is sent to the earlier one is lost when it goes.
 * - `latest`: it is the latest one. `refresh`: so it is, and that must be noted.
 * - `replace`: it takes the place of the latest one.
 * - `late`: it was replaced. The process must not send to it; other processes send its messages.
 * @param before the instance that this process was connected to until now; undefined after its start
 */
export function judgeRedis(
  stored: SeenRedis | undefined,
  seen: string,
  before: string | undefined,
): "latest" | "refresh" | "replace" | "late" {
  if (!stored) return "replace";
  if (stored.identity === seen) return stored.ageSeconds < refreshSeconds ? "latest" : "refresh";
  const isNew = !stored.earlier.includes(seen);
  // This process saw the change itself; that may also be the way back to an earlier instance.
  const sawTheChange = before === stored.identity;
  return isNew || sawTheChange || stored.ageSeconds > takeOverSeconds ? "replace" : "late";
}
