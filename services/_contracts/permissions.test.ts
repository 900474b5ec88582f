import { describe, expect, test } from "bun:test";
import { type Permission, permissions, roles } from "./permissions";

const names = Object.keys(permissions) as Permission[];
const permissionsOf = (role: string) => names.filter((name) => (permissions[name] as readonly string[]).includes(role));

describe.each(names)("%s", (name) => {
  test("is named <resource>:<verb> and belongs to roles that exist, to each once", () => {
    expect(name).toMatch(/^[a-z]+:(read|write|refund)$/);
    for (const role of permissions[name]) expect(roles).toContain(role);
    expect(new Set<string>(permissions[name]).size).toBe(permissions[name].length);
  });
});

test("admin has all permissions, customer has none", () => {
  expect(permissionsOf("admin")).toEqual(names);
  expect(permissionsOf("customer")).toEqual([]);
});
test("support can read users, orders and payments, and write orders", () => {
  expect(permissionsOf("support")).toEqual(["users:read", "orders:read", "orders:write", "payments:read"]);
});
