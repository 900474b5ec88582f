import { AppError } from "@shop/kit/errors/app-error";

export const accessLifetimeSeconds = 15 * 60;
export const refreshLifetimeDays = 30;

/** A refresh token of 256 random bits. Only its hash is stored. */
export function newRefreshToken(): { token: string; hash: string } {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  return { token, hash: hashOf(token) };
}

export const hashOf = (token: string): string => new Bun.CryptoHasher("sha256").update(token).digest("base64url");

export const refreshInvalid = () =>
  new AppError("auth.refresh_invalid", { kind: "unauthenticated", public: "The refresh token is invalid." });

export const refreshReused = () =>
  new AppError("auth.refresh_reused", {
    kind: "unauthenticated",
    public: "The refresh token was already used. The session has been ended.",
  });
