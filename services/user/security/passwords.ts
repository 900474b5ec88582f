import { AppError } from "@shop/kit/errors/app-error";
import { BulkheadRejectedError, bulkhead } from "cockatiel";
import type { Passwords } from "../deps";

/**
 * OWASP's recommended parameters for Argon2id.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const argon2id = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** One hash keeps a core busy for about 50 ms. Only a few run at the same time, so that the other routes stay fast. */
export async function passwords(
  { maxConcurrent, maxQueued } = { maxConcurrent: 2, maxQueued: 200 },
): Promise<Passwords> {
  const limit = bulkhead(maxConcurrent, maxQueued);
  const limited = <T>(work: () => Promise<T>): Promise<T> =>
    limit.execute(work).catch((error) => {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new AppError("auth.busy", {
        kind: "unavailable",
        public: "Too many concurrent logins. Try again shortly.",
        retryAfterSeconds: 2,
      });
    });
  // An unknown account is checked against this hash, so that its answer takes as long as that of a known one.
  const dummyHash = await Bun.password.hash(crypto.randomUUID(), argon2id);

  return {
    hash: (password) => limited(() => Bun.password.hash(password, argon2id)),
    async verify(password, hash, beforeCheck) {
      const matches = await limited(async () => {
        await beforeCheck();
        return Bun.password.verify(password, hash || dummyHash);
      });
      return matches && Boolean(hash);
    },
  };
}
