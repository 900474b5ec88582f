import { AppError, errorMessage } from "@shop/kit/errors/app-error";
import type { Redis } from "@shop/kit/stores/redis";
import type { Log } from "@shop/kit/telemetry/log";
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from "cockatiel";
import type { Throttle } from "../deps";
import { sameEmail } from "../domain/account";
import { hashOf } from "../domain/session";

const windowSeconds = 15 * 60;
const limits = { account: 10, address: 100 };

/**
 * Counts tries to log in per account and per address in Redis. A right password clears the account's count; without
 * Redis people can still log in, and the edge's own limit remains.
 */
export function loginThrottle(redis: Redis, log: Log): Throttle {
  const accountKey = (email: string) => `throttle:account:${hashOf(sameEmail(email))}`;
  const addressKey = (address: string) => `throttle:address:${address}`;

  // A Redis that hangs must not hold up logins: a few calls wait a second for it, and then none does for a while.
  const patience = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(3) }),
    timeout(1_000, TimeoutStrategy.Aggressive),
  );
  const orNothing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await patience.execute(work);
    } catch (error) {
      log.warn({ error: errorMessage(error) }, "logins are not counted");
      return undefined;
    }
  };

  async function throttled(...keys: string[]): Promise<AppError> {
    const left = (await orNothing(() => Promise.all(keys.map((key) => redis.ttl(key))))) ?? [];
    return new AppError("auth.throttled", {
      kind: "throttled",
      public: "Too many failed logins. Try again later.",
      retryAfterSeconds: Math.max(1, ...left),
    });
  }

  return {
    async check(email, address) {
      const counts = await orNothing(() => redis.mGet([accountKey(email), addressKey(address)]));
      const [account, from] = (counts ?? []).map(Number);
      if ((account ?? 0) >= limits.account) throw await throttled(accountKey(email));
      if ((from ?? 0) >= limits.address) throw await throttled(addressKey(address));
    },

    async count(email, address) {
      const keys = [accountKey(email), addressKey(address)];
      const counts = await orNothing(() => {
        const counting = redis.multi();
        for (const key of keys) counting.incr(key);
        for (const key of keys) counting.expire(key, windowSeconds);
        return counting.exec();
      });
      const [account, from] = (counts ?? []).map(Number);
      if ((account ?? 0) > limits.account || (from ?? 0) > limits.address) throw await throttled(...keys);
    },

    async succeeded(email, address) {
      const key = addressKey(address);
      await orNothing(() => redis.multi().del(accountKey(email)).decr(key).expire(key, windowSeconds).exec());
    },
  };
}
