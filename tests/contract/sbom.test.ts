import { expect, test } from "bun:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { bundle } from "../../deploy/images/bundle";
import { bundledImages } from "../../deploy/images/programs";
import { billOfMaterials } from "../../deploy/images/sbom";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

test.each(bundledImages)("the bill of materials of %s is valid CycloneDX 1.6", async (image) => {
  const bill = billOfMaterials(image, "1.2.3", await bundle(image));
  expect(await validator.validate(JSON.stringify(bill))).toBeNull();
});

test("it says which packages are in the bundles, and which of them we have changed", async () => {
  const { components } = billOfMaterials("order", "1.2.3", await bundle("order"));
  const names = components.map(({ name }) => name);
  expect(names).toContain("elysia");
  expect(names).not.toContain("drizzle-orm"); // installed, but order has no PostgreSQL
  expect(names).not.toContain("@biomejs/biome"); // a tool
  const changed = components.filter((component) => "pedigree" in component).map(({ name }) => name);
  expect(changed).toEqual(["mongodb"]);
});
