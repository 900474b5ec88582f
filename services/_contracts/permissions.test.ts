import { describe, expect, test } from "bun:test";
import { type Permission, permissions, roles } from "./permissions";

const names = Object.keys(permissions) as Permission[];
const held = (role: string) => names.filter((name) => (permissions[name] as readonly string[]).includes(role));

describe.each(names)("%s", (name) => {
  test("is <what>:<verb>, held by roles there are, and by each once", () => {
    expect(name).toMatch(/^[a-z]+:(read|write|refund)$/);
    for (const role of permissions[name]) expect(roles).toContain(role);
    expect(new Set<string>(permissions[name]).size).toBe(permissions[name].length);
  });
});

test("an admin may do everything; a customer has no more than what is their own", () => {
  expect(held("admin")).toEqual(names);
  expect(held("customer")).toEqual([]);
});
test("support sees what customers see, and neither refunds, grants roles nor runs the shop", () => {
  expect(held("support")).toEqual(["users:read", "orders:read", "orders:write", "payments:read"]);
});
