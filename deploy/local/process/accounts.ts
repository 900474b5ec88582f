import { readText } from "./proc";

/** A user account of this machine. */
export type Account = { uid: number; gid: number };

/** The account with this name or uid in /etc/passwd. */
export function findAccount(key: { name: string } | { uid: number }): (Account & { name: string }) | undefined {
  const accounts = readText("/etc/passwd")
    .split("\n")
    .map((line) => line.split(":"))
    .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  return accounts.find((account) => ("name" in key ? account.name === key.name : account.uid === key.uid));
}

/** A user's name for messages: "user ada", or "uid 1234" when the user has no account. */
export function describeUser(uid: number): string {
  const account = findAccount({ uid });
  return account ? `user ${account.name}` : `uid ${uid}`;
}
