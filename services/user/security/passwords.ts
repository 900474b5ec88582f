import { AppError } from "@shop/kit/errors/app-error";
import { BulkheadRejectedError, bulkhead } from "cockatiel";
import type { Passwords } from "../deps";

/** OWASP's first choice for argon2id. @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
export const argon2id = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Hashing takes most of a core for some 50 ms, so only a few run at once and the other routes keep theirs. */
export async function passwords({ atOnce, waiting } = { atOnce: 2, waiting: 200 }): Promise<Passwords> {
  const room = bulkhead(atOnce, waiting);
  const inRoom = <T>(work: () => Promise<T>): Promise<T> =>
    room.execute(work).catch((error) => {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new AppError("auth.busy", {
        kind: "unavailable",
        public: "Too many logins at once.",
        retryAfterSeconds: 2,
      });
    });
  // Somebody who does not exist is checked against this, so that it takes as long.
  const nobody = await Bun.password.hash(crypto.randomUUID(), argon2id);

  return {
    hash: (password) => inRoom(() => Bun.password.hash(password, argon2id)),
    async verify(password, hash, before) {
      const right = await inRoom(async () => {
        await before();
        return Bun.password.verify(password, hash || nobody);
      });
      return right && Boolean(hash);
    },
  };
}
