import { AppError } from "@shop/kit/errors/app-error";

/** A person with an account, as the rest of the service sees one. */
export type Account = {
  id: string;
  email: string;
  /** Whether somebody has shown that they read this address's mail. */
  emailVerified: boolean;
  name: string;
  roles: string[];
  permissions: string[];
  createdAt: Date;
};

/** What logging in is checked against. */
export type Credentials = { userId: string; passwordHash: string };

/** E-mail addresses are kept as they were typed, less the spaces around them, and compared without case. */
export const tidyEmail = (email: string): string => email.trim();
export const sameEmail = (email: string): string => tidyEmail(email).toLowerCase();

/** Names are shown to people, so one that is all spaces is none. @throws AppError `user.name_empty` (422) */
export function tidyName(name: string): string {
  const tidy = name.trim();
  if (tidy === "") throw new AppError("user.name_empty", { kind: "invalid", public: "The name is empty." });
  return tidy;
}

export const emailTaken = () =>
  new AppError("auth.email_taken", {
    kind: "conflict",
    public: "There is an account with this e-mail address already.",
  });

export const invalidCredentials = () =>
  new AppError("auth.invalid_credentials", {
    kind: "unauthenticated",
    public: "The e-mail address or the password is wrong.",
  });

export const userNotFound = () =>
  new AppError("user.not_found", { kind: "not_found", public: "There is no such user." });

export const lastAdmin = () =>
  new AppError("user.last_admin", { kind: "conflict", public: "The last administrator cannot be removed." });
