import { AppError, errorMessage } from "@shop/kit/errors/app-error";
import type { Redis } from "@shop/kit/stores/redis";
import type { Log } from "@shop/kit/telemetry/log";
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from "cockatiel";
import type { LoginThrottle } from "../deps";
import { canonicalEmail } from "../domain/account";
import { hashOf } from "../domain/session";

/** A count expires this long after the last attempt that was counted. */
const windowSeconds = 15 * 60;
/** The number of attempts after which further ones are refused. */
const limits = { account: 10, address: 100 };

const accountKey = (email: string) => `throttle:account:${hashOf(canonicalEmail(email))}`;
const addressKey = (clientAddress: string) => `throttle:address:${clientAddress}`;

/** Counts login attempts in Redis. Without Redis logins still work, and the edge's own rate limit remains. */
export function loginThrottle(redis: Redis, log: Log): LoginThrottle {
  const tryRedis = redisAttempts(log);

  async function throttled(...keys: string[]): Promise<AppError> {
    const secondsLeft = (await tryRedis(() => Promise.all(keys.map((key) => redis.ttl(key))))) ?? [];
    return new AppError("auth.throttled", {
      kind: "throttled",
      public: "Too many failed logins. Try again later.",
      retryAfterSeconds: Math.max(1, ...secondsLeft),
    });
  }

  return {
    async check(email, clientAddress) {
      const counts = await tryRedis(() => redis.mGet([accountKey(email), addressKey(clientAddress)]));
      const [byAccount, byAddress] = (counts ?? []).map(Number);
      if ((byAccount ?? 0) >= limits.account) throw await throttled(accountKey(email));
      if ((byAddress ?? 0) >= limits.address) throw await throttled(addressKey(clientAddress));
    },

    async countAttempt(email, clientAddress) {
      const keys = [accountKey(email), addressKey(clientAddress)];
      const counts = await tryRedis(() => {
        const transaction = redis.multi();
        for (const key of keys) transaction.incr(key);
        for (const key of keys) transaction.expire(key, windowSeconds);
        return transaction.exec();
      });
      const [byAccount, byAddress] = (counts ?? []).map(Number);
      if ((byAccount ?? 0) > limits.account || (byAddress ?? 0) > limits.address) throw await throttled(...keys);
    },

    async recordSuccess(email, clientAddress) {
      const key = addressKey(clientAddress);
      await tryRedis(() => redis.multi().del(accountKey(email)).decr(key).expire(key, windowSeconds).exec());
    },
  };
}

/**
 * Limits how long an unresponsive Redis delays logins: a call waits at most a second, and after three failed calls in
 * a row none is made for five seconds.
 * @returns a function that runs work on Redis and returns undefined if the work fails
 */
function redisAttempts(log: Log): <T>(work: () => Promise<T>) => Promise<T | undefined> {
  const policy = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(3) }),
    timeout(1_000, TimeoutStrategy.Aggressive),
  );
  return async (work) => {
    try {
      return await policy.execute(work);
    } catch (error) {
      log.warn({ error: errorMessage(error) }, "login attempts not counted: redis unavailable");
      return undefined;
    }
  };
}
