import { expect, test } from "bun:test";
import { refusedLicences } from "./licences";
import type { Package } from "./packages";

const aPackage = (licence: string | undefined): Package => ({ name: "left", version: "1.0.0", licence, folder: "" });

test("a licence is allowed if it, or one of the alternatives, is on the list", () => {
  expect(refusedLicences([aPackage("MIT"), aPackage("(GPL-2.0 OR Apache-2.0)")])).toEqual([]);
});

test("a package with another licence, with two that both apply, or with none is refused by name", () => {
  const refused = refusedLicences([aPackage("AGPL-3.0"), aPackage("MIT AND GPL-2.0"), aPackage(undefined)]);
  expect(refused).toHaveLength(3);
  expect(refused[0]).toContain("left@1.0.0 has the licence AGPL-3.0");
});
