import { AppError } from "@shop/kit/errors/app-error";

/** A user without their password hash. */
export type Account = {
  id: string;
  email: string;
  /** Whether the user has proved that they read the mail of this address. */
  emailVerified: boolean;
  name: string;
  roles: string[];
  permissions: string[];
  createdAt: Date;
};

/** The stored data that a login is checked against. */
export type Credentials = { userId: string; passwordHash: string };

/** The form in which an e-mail address is stored: as typed, without surrounding spaces. */
export const trimEmail = (email: string): string => email.trim();

/** The form in which e-mail addresses are compared. */
export const canonicalEmail = (email: string): string => trimEmail(email).toLowerCase();

/** @throws AppError `user.name_empty` (422) if the name consists of spaces only */
export function trimName(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") throw new AppError("user.name_empty", { kind: "invalid", public: "The name must not be empty." });
  return trimmed;
}

export const emailTaken = () =>
  new AppError("auth.email_taken", {
    kind: "conflict",
    public: "An account with this e-mail address already exists.",
  });

export const invalidCredentials = () =>
  new AppError("auth.invalid_credentials", {
    kind: "unauthenticated",
    public: "The e-mail address or the password is wrong.",
  });

export const userNotFound = () => new AppError("user.not_found", { kind: "not_found", public: "User not found." });

export const lastAdmin = () =>
  new AppError("user.last_admin", { kind: "conflict", public: "The last administrator cannot be removed." });
