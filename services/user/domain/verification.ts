import { AppError } from "@shop/kit/errors/app-error";

export const verificationLifetimeSeconds = 24 * 60 * 60;

export const verificationExpired = () =>
  new AppError("auth.verification_expired", { kind: "invalid", public: "The verification link has expired." });

/**
 * The error for a token that is forged, has another type, or belongs to a deleted user or a former address. The response
 * does not say which.
 */
export const verificationInvalid = () =>
  new AppError("auth.verification_invalid", {
    kind: "invalid",
    public: "The verification link is invalid or no longer valid.",
  });
