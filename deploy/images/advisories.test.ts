import { afterAll, expect, test } from "bun:test";
import { auditProblems } from "./advisories";

const ID = "GHSA-aaaa-bbbb-cccc";
const advisory = {
  id: 1,
  url: `https://github.com/advisories/${ID}`,
  title: "Reads any file",
  severity: "high",
  vulnerable_versions: "<99.0.0",
};
let answer: object = { elysia: [advisory] };
const registry = Bun.serve({ port: 0, fetch: () => Response.json(answer) });
afterAll(() => registry.stop(true));
const env = { ...process.env, NPM_CONFIG_REGISTRY: registry.url.href };

test("an advisory about an installed version is a problem until its reason is written down", async () => {
  expect(await auditProblems({}, env)).toEqual([`${ID} high elysia <99.0.0: Reads any file`]);
  expect(await auditProblems({ [ID]: "No file is served." }, env)).toEqual([]);
});

test("an accepted advisory that is not reported any more is a problem", async () => {
  answer = {};
  expect(await auditProblems({}, env)).toEqual([]);
  expect(await auditProblems({ [ID]: "No file is served." }, env)).toHaveLength(1);
});

test("a registry that does not answer is an error, and not a clean result", async () => {
  const nowhere = { ...process.env, NPM_CONFIG_REGISTRY: "http://127.0.0.1:1/" };
  await expect(auditProblems({}, nowhere)).rejects.toThrow("could not be asked");
});
