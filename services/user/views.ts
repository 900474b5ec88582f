import type { Account } from "./domain/account";

export const userView = ({ id, email, name, roles, createdAt }: Account) => ({
  id,
  email,
  name,
  roles,
  createdAt: createdAt.toISOString(),
});
