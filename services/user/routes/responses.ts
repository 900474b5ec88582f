import type { Account } from "../domain/account";

export const userView = ({ id, email, emailVerified, name, roles, createdAt }: Account) => ({
  id,
  email,
  emailVerified,
  name,
  roles,
  createdAt: createdAt.toISOString(),
});
