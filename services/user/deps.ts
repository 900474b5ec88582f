import type { Log } from "@shop/kit/telemetry/log";
import type { Account, Credentials } from "./domain/account";

export type NewUser = { id: string; email: string; name: string; passwordHash: string };
export type ProfileChange = { name?: string; email?: string; passwordHash?: string };
export type AccountPage = { items: Account[]; nextCursor: string | null };

export type UserStore = {
  /**
   * Stores a user with the role `customer` and the event `user.registered`.
   * @throws AppError `auth.email_taken` (409)
   */
  register(user: NewUser): Promise<Account>;
  find(userId: string): Promise<Account | undefined>;
  /** Newest first. Deleted users are left out. */
  list(page: { limit: number; cursor?: string }): Promise<AccountPage>;
  /**
   * A new password revokes every session. A new e-mail address resets the verification and stores the event
   * `user.email_changed`.
   * @param confirmedHash if given, the change applies only while this is still the user's password hash
   * @returns false if the hash has changed or the user does not exist
   * @throws AppError `auth.email_taken` (409)
   */
  change(userId: string, confirmedHash: string | undefined, change: ProfileChange): Promise<boolean>;
  /** @returns false if `email` is no longer the user's address */
  markVerified(userId: string, email: string): Promise<boolean>;
  /**
   * Removes all personal data, roles and sessions. The id stays, because orders and recorded role changes refer to it.
   * @throws AppError `user.last_admin` (409)
   */
  erase(userId: string): Promise<void>;
};

export type CredentialStore = {
  /** Finds a user by e-mail address, regardless of case and surrounding spaces. */
  find(email: string): Promise<Credentials | undefined>;
  findPasswordHash(userId: string): Promise<string | undefined>;
};

/** `by` is the id of the user who makes the change, or `ops:<name>` for an operator. */
export type RoleChange = { userId: string; role: string; by: string };

/** Each change is recorded in the transaction that makes it. */
export type RoleStore = {
  grant(change: RoleChange): Promise<"granted" | "unchanged" | "unknown user">;
  /**
   * @returns false if the user does not have the role
   * @throws AppError `user.last_admin` (409)
   */
  revoke(change: RoleChange): Promise<boolean>;
};

/** `invalid`: unknown, expired or revoked. `reused`: already used, so its session is now revoked. */
export type RotationResult = "invalid" | "reused" | { userId: string };

export type SessionStore = {
  /** @returns false if `passwordHash` is no longer the user's hash, or the user does not exist */
  open(session: { userId: string; passwordHash: string; tokenHash: string }): Promise<boolean>;
  /** Replaces a refresh token with its successor. Of two concurrent calls one wins; the other revokes the session. */
  rotate(tokenHash: string, nextHash: string): Promise<RotationResult>;
  end(tokenHash: string): Promise<void>;
};

export type Passwords = {
  /** @throws AppError `auth.busy` (503) */
  hash(password: string): Promise<string>;
  /**
   * Takes as long for an undefined `hash`, so that the time does not reveal whether an account exists.
   * @param beforeCheck runs when the check leaves the queue; if it throws, the password is not checked
   * @throws AppError `auth.busy` (503)
   */
  verify(password: string, hash: string | undefined, beforeCheck: () => Promise<void>): Promise<boolean>;
};

/** Limits wrong passwords per account and per client address. */
export type LoginThrottle = {
  /** @throws AppError `auth.throttled` (429) */
  check(email: string, clientAddress: string): Promise<void>;
  /**
   * Counts an attempt before its outcome is known, so that concurrent attempts cannot exceed the limit.
   * @throws AppError `auth.throttled` (429)
   */
  countAttempt(email: string, clientAddress: string): Promise<void>;
  /** Resets the account's count and takes the counted attempt back from the client address. */
  recordSuccess(email: string, clientAddress: string): Promise<void>;
};

/**
 * Tokens which prove that their holder reads the mail of an address. They are not stored: a token names the user and
 * holds a hash of the address, so it proves nothing about another address that the user may have later.
 */
export type VerificationTokens = {
  sign(account: { id: string; email: string }): Promise<{ token: string; expiresAt: Date }>;
  /** @throws AppError `auth.verification_expired`, `auth.verification_invalid` (422) */
  read(token: string): Promise<{ userId: string; isFor(email: string): boolean }>;
};

/** @returns an access token that is valid for 15 minutes */
export type SignAccess = (account: Account) => Promise<string>;

export type Deps = {
  users: UserStore;
  credentials: CredentialStore;
  roles: RoleStore;
  sessions: SessionStore;
  passwords: Passwords;
  throttle: LoginThrottle;
  verification: VerificationTokens;
  signAccess: SignAccess;
  log: Log;
};
