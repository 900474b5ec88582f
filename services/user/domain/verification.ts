import { AppError } from "@shop/kit/errors/app-error";

export const verificationLifetimeSeconds = 24 * 60 * 60;

export const verificationExpired = () =>
  new AppError("auth.verification_expired", { kind: "invalid", public: "The verification link has expired." });

/** Forged, of another type, or for a former address of the account. The response does not say which. */
export const verificationInvalid = () =>
  new AppError("auth.verification_invalid", {
    kind: "invalid",
    public: "The verification link is invalid or no longer valid.",
  });
