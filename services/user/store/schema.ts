import { sql } from "drizzle-orm";
import { check, index, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

export { inbox, outbox, queueState } from "@shop/kit/outbox/schema";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const users = pgTable(
  "users",
  {
    id: uuid().primaryKey(),
    email: text().notNull(),
    name: text().notNull(),
    /** Null: nobody has shown yet that they read this address's mail. */
    emailVerifiedAt: at("email_verified_at"),
    passwordHash: text("password_hash").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    /** Erased: the row stays for the orders that refer to it, without anything personal. */
    deletedAt: at("deleted_at"),
  },
  (table) => [
    uniqueIndex("users_email").on(sql`lower(${table.email})`),
    check("users_email_length", sql`char_length(${table.email}) between 3 and 254`),
    check("users_name_length", sql`char_length(${table.name}) between 1 and 100`),
  ],
);

export const role = pgTable("role", { name: text().primaryKey() });
export const permission = pgTable("permission", { name: text().primaryKey() });

export const rolePermission = pgTable(
  "role_permission",
  {
    role: text()
      .notNull()
      .references(() => role.name),
    permission: text()
      .notNull()
      .references(() => permission.name),
  },
  (table) => [primaryKey({ columns: [table.role, table.permission] })],
);

export const userRole = pgTable(
  "user_role",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    role: text()
      .notNull()
      .references(() => role.name),
  },
  (table) => [primaryKey({ columns: [table.userId, table.role] }), index("user_role_role").on(table.role)],
);

/** Each token works once. Those that came one from another are a family: a session. */
export const refreshToken = pgTable(
  "refresh_token",
  {
    tokenHash: text("token_hash").primaryKey(),
    familyId: uuid("family_id").notNull(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    createdAt: at("created_at").notNull().defaultNow(),
    expiresAt: at("expires_at").notNull(),
    usedAt: at("used_at"),
    revokedAt: at("revoked_at"),
  },
  (table) => [
    index("refresh_token_family").on(table.familyId),
    index("refresh_token_user").on(table.userId),
    index("refresh_token_expires").on(table.expiresAt),
    check("refresh_token_lifetime", sql`${table.expiresAt} > ${table.createdAt}`),
  ],
);
