import type { InternalUser } from "@shop/contracts/internal-api";
import { cached } from "@shop/kit/async/cache";
import { AppError } from "@shop/kit/errors/app-error";
import { type HttpClient, serviceUnavailable } from "@shop/kit/http/client";

/**
 * Asks the user service whether an account exists. An answer is cached for 30 s.
 * @throws AppError `user.unavailable` (503)
 */
export const userLookup = (users: HttpClient): ((userId: string) => Promise<boolean>) =>
  cached(
    async (userId) => {
      try {
        await users.get<InternalUser>(`/internal/users/${userId}`);
        return true;
      } catch (error) {
        if (!(error instanceof AppError) || error.kind !== "not_found") throw error;
        if (error.code === "user.not_found") return false;
        // A 404 that does not come from this route says nothing about the account.
        throw serviceUnavailable("user", error);
      }
    },
    { ttlMs: 30_000, max: 10_000 },
  );
