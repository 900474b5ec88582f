/** All permissions, and the roles that have them by default. */
export const permissions = {
  "users:read": ["support", "admin"],
  "roles:write": ["admin"],
  "inventory:write": ["admin"],
  "orders:read": ["support", "admin"],
  "orders:write": ["support", "admin"],
  "payments:read": ["support", "admin"],
  "payments:refund": ["admin"],
  "ops:read": ["admin"],
  "ops:write": ["admin"],
} as const;

export type Permission = keyof typeof permissions;
export const roles = ["customer", "support", "admin"] as const;
export type Role = (typeof roles)[number];
