import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestUserService, testUserService } from "../testing/user-service";
import { retentionRules } from "./retention";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
afterAll(() => service.close());

test("refresh tokens are removed in batches, 30 days after they expire", async () => {
  const { id } = await service.register();
  await service.sql`delete from refresh_token`;
  const staying = ["live", "recently-expired"];
  for (const [hash, daysAgo] of [
    ["a", 31],
    ["b", 90],
    ["c", 30.1],
    ["recently-expired", 29.9],
    ["live", -1],
  ] as const)
    await service.sql`
      insert into refresh_token (token_hash, family_id, user_id, created_at, expires_at)
      values (${hash}, gen_random_uuid(), ${id}, now() - interval '200 days', now() - make_interval(secs => ${daysAgo * 86_400}))`;
  const [rule] = retentionRules(service.sql);
  expect(await rule?.removeBatch(2)).toEqual({ removed: 2, isDone: false });
  expect(await rule?.removeBatch(2)).toEqual({ removed: 1, isDone: true });
  const left = await service.sql<{ hash: string }[]>`select token_hash as hash from refresh_token order by 1`;
  expect(left.map((row) => row.hash)).toEqual(staying);
});
