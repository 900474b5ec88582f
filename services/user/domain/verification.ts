import { AppError } from "@shop/kit/errors/app-error";

export const verificationLifetimeSeconds = 24 * 60 * 60;

export const verificationExpired = () =>
  new AppError("auth.verification_expired", { kind: "invalid", public: "This link is more than a day old." });

/** Forged, of another kind, or for an address that is not the account's any more: which, is nobody's business. */
export const verificationInvalid = () =>
  new AppError("auth.verification_invalid", { kind: "invalid", public: "This link is not valid, or no longer." });
