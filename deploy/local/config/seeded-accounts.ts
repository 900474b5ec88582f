/** How to log in as the accounts that `migrate.ts --seed` of the user service adds, for people. */
export const seededAccounts = ["admin@shop.test     admin-dev-password", "customer@shop.test  customer-dev-password"];
