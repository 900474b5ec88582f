import { expect, spyOn, test } from "bun:test";
import { passwords } from "./passwords";

const noop = async () => {};

test("only the right password of an existing account matches", async () => {
  const { hash, verify } = await passwords();
  const hashed = await hash("a-good-password");
  expect(await verify("a-good-password", hashed, noop)).toBe(true);
  expect(await verify("a-bad-password", hashed, noop)).toBe(false);
  expect(await verify("a-good-password", undefined, noop)).toBe(false);
  expect(await verify("a-good-password", "", noop)).toBe(false);
});

test("the password is not checked if the function that runs before the check throws", async () => {
  const { verify } = await passwords();
  const refused = verify("a-good-password", "not a hash", () => Promise.reject(new Error("refused")));
  await expect(refused).rejects.toThrow("refused");
});

test("503: requests beyond the queue's limit are refused with Retry-After", async () => {
  const { hash } = await passwords({ maxConcurrent: 1, maxQueued: 1 });
  const outcomes = await Promise.allSettled([hash("one"), hash("two"), hash("three")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(outcomes[2]).toMatchObject({ reason: { code: "auth.busy", status: 503, retryAfterSeconds: 2 } });
});

test("an unknown account is checked against a hash of the same cost", async () => {
  const { verify } = await passwords();
  const check = spyOn(Bun.password, "verify");
  await verify("a-bad-password", undefined, noop);
  // Equal parameters mean equal work, so both checks take the same time.
  expect(check.mock.calls.map(([, hash]) => String(hash))).toEqual([
    expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/),
  ]);
  check.mockRestore();
});
