import { sql } from "drizzle-orm";
import { bigint, check, index, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

export { inbox, outbox, queueState } from "@shop/kit/outbox/schema";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const users = pgTable(
  "users",
  {
    id: uuid().primaryKey(),
    email: text().notNull(),
    name: text().notNull(),
    /** Null until the user has proved that they read the mail of this address. */
    emailVerifiedAt: at("email_verified_at"),
    passwordHash: text("password_hash").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    /** Set when the user is deleted. The row stays without personal data, because orders refer to its id. */
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

/**
 * Every role that was granted or revoked, when, and by whom. Append-only: the database refuses updates and deletes. The
 * role `customer` of a new account is not recorded.
 */
export const roleChange = pgTable(
  "role_change",
  {
    id: bigint({ mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    /** Not a reference: a role may be removed, its history stays. */
    role: text().notNull(),
    change: text({ enum: ["granted", "revoked"] }).notNull(),
    /** The id of the user who made the change, or `ops:<name>` for an operator. */
    actor: text().notNull(),
    at: at("at").notNull().defaultNow(),
  },
  (table) => [
    check("role_change_change", sql`${table.change} in ('granted', 'revoked')`),
    check("role_change_actor", sql`char_length(${table.actor}) between 1 and 200`),
    index("role_change_user").on(table.userId, table.id),
  ],
);

/** Each token works once. A token and its successors form a family, which is one session. */
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
