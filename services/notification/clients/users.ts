import type { InternalEmailVerification, InternalUser } from "@shop/contracts/internal-api";
import { cached } from "@shop/kit/async/cache";
import { AppError } from "@shop/kit/errors/app-error";
import type { HttpClient } from "@shop/kit/http/client";
import type { UserClient } from "../deps";

/**
 * Calls the user service.
 * @throws AppError `user.unavailable` (503)
 */
export const userClient = (users: HttpClient): UserClient => ({
  findUser: cached((id) => users.get<InternalUser>(`/internal/users/${id}`).catch(undefinedIfNotFound), {
    ttlMs: 30_000,
    max: 10_000,
  }),
  requestVerification: (id) =>
    users.get<InternalEmailVerification>(`/internal/users/${id}/email-verification`).catch(undefinedIfNotFound),
});

/** Checks the error code, not the status, because a 404 that does not come from this route must not cancel a mail. */
function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof AppError && error.code === "user.not_found") return undefined;
  throw error;
}
