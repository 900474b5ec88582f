import { expect, spyOn, test } from "bun:test";
import { passwords } from "./passwords";

const nothing = async () => {};

test("a right password is right, a wrong one and one of nobody are not", async () => {
  const { hash, verify } = await passwords();
  const hashed = await hash("a-good-password");
  expect(await verify("a-good-password", hashed, nothing)).toBe(true);
  expect(await verify("a-bad-password", hashed, nothing)).toBe(false);
  expect(await verify("a-good-password", undefined, nothing)).toBe(false);
  expect(await verify("a-good-password", "", nothing)).toBe(false);
});

test("what may refuse a check does so when its turn has come, and nothing is hashed", async () => {
  const { verify } = await passwords();
  const refused = verify("a-good-password", "not even a hash", () => Promise.reject(new Error("refused")));
  await expect(refused).rejects.toThrow("refused");
});

test("503: more at once than there is room for are told to come back", async () => {
  const { hash } = await passwords({ atOnce: 1, waiting: 1 });
  const outcomes = await Promise.allSettled([hash("one"), hash("two"), hash("three")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(outcomes[2]).toMatchObject({ reason: { code: "auth.busy", status: 503, retryAfterSeconds: 2 } });
});

test("an unknown account is checked with the work of a known one", async () => {
  const { verify } = await passwords();
  const check = spyOn(Bun.password, "verify");
  await verify("a-bad-password", undefined, nothing);
  // A hash of the same parameters takes the same work; how close the times are is measured elsewhere.
  expect(check.mock.calls.map(([, hash]) => String(hash))).toEqual([
    expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/),
  ]);
  check.mockRestore();
});
