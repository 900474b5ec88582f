import { AppError, textOf } from "@shop/kit/errors";
import type { Log } from "@shop/kit/log";
import type { Redis } from "@shop/kit/redis";
import type { Throttle } from "./deps";
import { sameEmail } from "./domain/account";
import { hashOf } from "./domain/session";

const windowSeconds = 15 * 60;
const limits = { account: 10, address: 100 };

/**
 * Counts failures per account and per address in Redis. A right password clears the account's count; without Redis
 * people can still log in, and the edge's own limit remains.
 */
export function loginThrottle(redis: Redis, log: Log): Throttle {
  const accountKey = (email: string) => `throttle:account:${hashOf(sameEmail(email))}`;
  const addressKey = (address: string) => `throttle:address:${address}`;
  const orNothing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      log.warn({ error: textOf(error) }, "logins are not counted");
      return undefined;
    }
  };

  return {
    async check(email, address) {
      const counts = await orNothing(() => redis.mGet([accountKey(email), addressKey(address)]));
      const [account, from] = (counts ?? []).map(Number);
      if ((account ?? 0) >= limits.account || (from ?? 0) >= limits.address)
        throw new AppError("auth.throttled", {
          kind: "throttled",
          public: "Too many failed logins. Try again later.",
          retryAfterSeconds: windowSeconds,
        });
    },
    async failed(email, address) {
      await orNothing(async () => {
        const counting = redis.multi();
        for (const key of [accountKey(email), addressKey(address)]) counting.incr(key).expire(key, windowSeconds);
        await counting.exec();
      });
    },
    async succeeded(email) {
      await orNothing(() => redis.del(accountKey(email)));
    },
  };
}
