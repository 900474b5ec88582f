import type { Session } from "../commands/open-session";
import type { Account } from "../domain/account";

export const toUserView = ({ id, email, emailVerified, name, roles, createdAt }: Account) => ({
  id,
  email,
  emailVerified,
  name,
  roles,
  createdAt: createdAt.toISOString(),
});

export const toProfileView = (account: Account) => ({ ...toUserView(account), permissions: account.permissions });

export const toSessionView = (session: Session) => ({ ...session, user: toUserView(session.user) });
