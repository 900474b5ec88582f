import type { Clock } from "@shop/kit/clock";
import type { Log } from "@shop/kit/telemetry/log";
import type { Account, Credentials } from "./domain/account";

export type NewUser = { id: string; email: string; name: string; passwordHash: string };
export type ProfileChange = { name?: string; email?: string; passwordHash?: string };
/** What became of a refresh token that was shown. */
export type Rotation = "invalid" | "reused" | { userId: string };

export type UserStore = {
  /** Stores a user with the role customer and tells `user.registered`. @throws AppError `auth.email_taken` */
  register(user: NewUser): Promise<Account>;
  credentialsOf(email: string): Promise<Credentials | undefined>;
  passwordHashOf(userId: string): Promise<string | undefined>;
  byId(userId: string): Promise<Account | undefined>;
  list(page: { limit: number; cursor?: string }): Promise<{ items: Account[]; nextCursor: string | null }>;
  /**
   * A new password ends every session. A new address is not verified; `user.email_changed` is told.
   * @param confirmedHash the change is made only while this is the user's password hash
   * @returns false if it is not any more, or there is no such user
   * @throws AppError `auth.email_taken`
   */
  change(userId: string, confirmedHash: string | undefined, change: ProfileChange): Promise<boolean>;
  /** @returns false if this is not the user's address any more */
  markVerified(userId: string, email: string): Promise<boolean>;
  /** Forgets who the user was; the id stays, because orders refer to it. @throws AppError `user.last_admin` */
  erase(userId: string): Promise<void>;
  /** @returns false if there is no such user */
  grant(userId: string, role: string): Promise<boolean>;
  /** @throws AppError `user.last_admin` */
  revoke(userId: string, role: string): Promise<void>;
};

export type SessionStore = {
  /** @returns false if the password that was shown is no longer the user's, or the user is gone */
  open(session: { userId: string; passwordHash: string; tokenHash: string }): Promise<boolean>;
  /** Uses up one token and puts the next in its place; of two at once one wins, and the other ends the session. */
  rotate(tokenHash: string, nextHash: string): Promise<Rotation>;
  end(tokenHash: string): Promise<void>;
};

export type Passwords = {
  /** @throws AppError `auth.busy` (503) */
  hash(password: string): Promise<string>;
  /**
   * Takes as long for an account that does not exist. `before` runs when the check's turn has come, and may refuse it.
   * @throws AppError `auth.busy` (503)
   */
  verify(password: string, hash: string | undefined, before: () => Promise<void>): Promise<boolean>;
};

/** Counts wrong passwords. @throws AppError `auth.throttled` (429) */
export type Throttle = {
  check(email: string, address: string): Promise<void>;
  /** Before the outcome is known: of many tries at once no more than the limit get to see one. */
  count(email: string, address: string): Promise<void>;
  /** The try was right: the account starts anew, and the address gets its try back. */
  succeeded(email: string, address: string): Promise<void>;
};

/**
 * Tokens that prove that whoever shows one reads the mail of an address. Nothing of them is stored: the token names the user and
 * holds a hash of the address, so that it says nothing about another address the user may have later.
 */
export type VerificationTokens = {
  sign(account: { id: string; email: string }): Promise<{ token: string; expiresAt: Date }>;
  /** @throws AppError `auth.verification_expired`, `auth.verification_invalid` (422) */
  read(token: string): Promise<{ userId: string; isFor(email: string): boolean }>;
};

export type Deps = {
  users: UserStore;
  sessions: SessionStore;
  passwords: Passwords;
  throttle: Throttle;
  verification: VerificationTokens;
  /** A signed access token for 15 minutes. */
  signAccess(account: Account): Promise<string>;
  clock: Clock;
  log: Log;
};
