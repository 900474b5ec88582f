import type { Clock } from "@shop/kit/clock";
import type { Log } from "@shop/kit/log";
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
  /** A new password ends every session. @throws AppError `auth.email_taken` */
  change(userId: string, change: ProfileChange): Promise<void>;
  /** Forgets who the user was; the id stays, because orders refer to it. @throws AppError `user.last_admin` */
  erase(userId: string): Promise<void>;
  /** @returns false if there is no such user */
  grant(userId: string, role: string): Promise<boolean>;
  /** @throws AppError `user.last_admin` */
  revoke(userId: string, role: string): Promise<void>;
};

export type SessionStore = {
  open(userId: string, tokenHash: string): Promise<void>;
  /** Uses up one token and puts the next in its place; of two at once one wins, and the other ends the session. */
  rotate(tokenHash: string, nextHash: string): Promise<Rotation>;
  end(tokenHash: string): Promise<void>;
};

export type Passwords = {
  hash(password: string): Promise<string>;
  /** Takes as long for an account that does not exist. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
};

/** Counts failed attempts to log in. @throws AppError `auth.throttled` (429) */
export type Throttle = {
  check(email: string, address: string): Promise<void>;
  failed(email: string, address: string): Promise<void>;
  succeeded(email: string): Promise<void>;
};

export type Deps = {
  users: UserStore;
  sessions: SessionStore;
  passwords: Passwords;
  throttle: Throttle;
  /** A signed access token for 15 minutes. */
  signAccess(account: Account): Promise<string>;
  clock: Clock;
  log: Log;
};
